"""The terminal that a command runs in: where messages go, and how it is interrupted."""

from __future__ import annotations

import logging
import signal

from rich.console import Console

console = Console(stderr=True)
"""Progress and messages go to standard error; standard output is for results."""


class TerminatedError(KeyboardInterrupt):
    """The process was asked to end by SIGTERM, as schedulers do."""


def take_interrupts_back() -> None:
    """Let Ctrl-C and SIGTERM end this process by an exception, after PySpark has set a handler of its own."""
    # PySpark's own handler of Ctrl-C calls the JVM in the middle of another call, which then fails in its place.
    signal.signal(signal.SIGINT, _end)
    signal.signal(signal.SIGTERM, _end)


def _end(number: int, _frame: object) -> None:
    # What it is in the middle of ends with stack traces of a closed connection; we say it in a line.
    for name in (None, "py4j"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    raise TerminatedError if number == signal.SIGTERM else KeyboardInterrupt
