"""``spark-submit --properties-file spark-defaults.conf jobs/build.py …``: the same as ``lakehouse run …``."""

import sys

from lakehouse.cli.main import main

main(["run", *sys.argv[1:]])
