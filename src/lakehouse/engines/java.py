"""Find Java and its version before Spark stumbles over it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from lakehouse.errors import EngineError

_FIX = (
    "Install Java 17 (Debian/Ubuntu: apt install openjdk-17-jre-headless; macOS: brew install openjdk@17; "
    "Amazon Linux: dnf install java-17-amazon-corretto-headless) and put it on PATH or set JAVA_HOME."
)


def find_java(environ: Mapping[str, str]) -> str:
    """Give the path of ``java``: that of JAVA_HOME, else the first on PATH.

    Raises:
        EngineError: There is none, or JAVA_HOME is set and has none.
    """
    home = environ.get("JAVA_HOME")
    # Spark takes JAVA_HOME without looking at PATH, so a wrong one must not be passed over here.
    found = shutil.which(Path(home) / "bin" / "java") if home else shutil.which("java", path=environ.get("PATH", ""))
    if found is None:
        where = f"JAVA_HOME={home} has no bin/java that can be run" if home else "there is no java on PATH"
        raise EngineError(f"Java was not found: {where}. {_FIX}")
    return str(found)


def check_java(environ: Mapping[str, str], *, supported: tuple[int, ...]) -> str:
    """Give the path of a Java of a supported major version. Cost: one start of ``java -version``, 50 ms.

    Raises:
        EngineError: There is no Java, it cannot be run, or it has another version.
    """
    java = find_java(environ)
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, env=dict(environ))
    except OSError as error:
        raise EngineError(f"{java} cannot be run: {error.strerror}. {_FIX}") from error
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    major = int(found.group(1)) if found else 0
    if major not in supported:
        wanted = " or ".join(map(str, supported))
        raise EngineError(f"{java} is Java {major or 'of an unknown version'}; this Spark needs {wanted}. {_FIX}")
    return java
