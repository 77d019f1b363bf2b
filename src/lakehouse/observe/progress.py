"""Live progress of long work: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

_PLAIN_EVERY_SECONDS = 5.0


@dataclass
class Step:
    """One step under way: say what it is at, and how far it has come."""

    name: str
    _show: Callable[[str, int | None, int | None], None]
    done: int = 0
    total: int | None = None

    def say(self, text: str) -> None:
        """Show what the step is doing now."""
        self._show(text, None, None)

    def at(self, done: int, total: int | None = None) -> None:
        """Show how many units of how many are done."""
        self.done, self.total = done, total if total is not None else self.total
        self._show("", self.done, self.total)


@dataclass
class Steps:
    """The steps of a run, with the seconds that each took."""

    console: Console
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, *, total: int | None = None) -> Iterator[Step]:
        """Run a step: a live line while it lasts, one line with its seconds when it is over."""
        started = time.monotonic()
        live = self._live(name, total) if self.console.is_terminal else self._plain(name)
        with live as show:
            step = Step(name, show, total=total)
            yield step
        self.seconds[name] = round(time.monotonic() - started, 1)
        amount = f"{step.done:>12,}" if step.done else " " * 12
        self.console.print(f"[green]✓[/] {name:<30}{amount}  [dim]{self.seconds[name]:>6.1f} s[/]", highlight=False)

    @contextmanager
    def _live(self, name: str, total: int | None) -> Iterator[Callable[[str, int | None, int | None], None]]:
        columns = [SpinnerColumn(), TextColumn("{task.description}"), TextColumn("[dim]{task.fields[now]}")]
        bar = [BarColumn(bar_width=20), MofNCompleteColumn()] if total else []
        with Progress(*columns, *bar, TimeElapsedColumn(), console=self.console, transient=True) as progress:
            task = progress.add_task(name, total=total, now="")
            yield lambda text, done, whole: _update(progress, task, text, done, whole)

    @contextmanager
    def _plain(self, name: str) -> Iterator[Callable[[str, int | None, int | None], None]]:
        last = time.monotonic()

        def show(text: str, done: int | None, total: int | None) -> None:
            nonlocal last
            if time.monotonic() - last >= _PLAIN_EVERY_SECONDS:
                last = time.monotonic()
                of = f" of {total:,}" if total else ""
                self.console.print(f"  {name}: {text or f'{done:,}{of}'}", highlight=False)

        yield show


def _update(progress: Progress, task: TaskID, text: str, done: int | None, total: int | None) -> None:
    if text:
        progress.update(task, now=text[:40])
    if done is not None:
        progress.update(task, completed=done, total=total)
