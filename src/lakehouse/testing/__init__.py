"""What users test their own lake with: rows of a contract, what a build makes of them, and the laws that it keeps."""

from lakehouse.testing.laws import assert_build_laws
from lakehouse.testing.made import assert_build, build_rows
from lakehouse.testing.rows import make_rows

__all__ = ["assert_build", "assert_build_laws", "build_rows", "make_rows"]
