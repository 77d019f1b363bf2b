"""Messages as lines of Glue's log: continuous logging shows them beside those of Spark, in the same layout."""

from __future__ import annotations

import io
import logging
import sys
import time
from typing import IO, cast

from lakehouse.cli.terminal import console
from lakehouse.config.secrets import mask

_WIDTH = 160
_LEVELS = {"error:": logging.ERROR, "warning:": logging.WARNING}


def log_as_glue() -> None:
    """Let all that the library says to a person be lines of a log on standard error, without secrets."""
    logging.addLevelName(logging.WARNING, "WARN")
    layout = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", datefmt="%y/%m/%d %H:%M:%S")
    layout.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(layout)
    root, ours = logging.getLogger(), logging.getLogger("lakehouse")
    root.addHandler(handler)
    ours.setLevel(logging.INFO)
    console.file, console.width = cast(IO[str], _Lines(ours)), _WIDTH


class _Lines(io.TextIOBase):
    """A file that is a log: each line that is written is a record."""

    def __init__(self, logger: logging.Logger) -> None:
        self.logger, self.begun, self.level = logger, "", logging.INFO

    def write(self, text: str) -> int:
        """Log the lines that are whole."""
        *lines, self.begun = (self.begun + text).split("\n")
        for line in lines:
            if line.strip():
                # What belongs to an error goes on in lines that are indented.
                first = next((level for word, level in _LEVELS.items() if line.startswith(word)), logging.INFO)
                self.level = self.level if line.startswith(" ") and first == logging.INFO else first
                self.logger.log(self.level, "%s", mask("", line.rstrip()))
        return len(text)
