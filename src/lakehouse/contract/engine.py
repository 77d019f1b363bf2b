"""Which engines something runs on: declared by what was tried there with equal rows, and refused elsewhere by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from functools import wraps
from typing import ParamSpec, TypeVar

from lakehouse.errors import EngineRefusedError

ParametersT = ParamSpec("ParametersT")
ResultT = TypeVar("ResultT")


class Engine(StrEnum):
    """What computes the rows of a build."""

    SPARK = "spark"
    """Spark in the same process or on a cluster, or behind Spark Connect: the reference."""
    SAIL = "sail"
    """Sail, for small data."""

    @property
    def observes(self) -> bool:
        """Whether it counts rows while it writes them (``DataFrame.observe``)."""
        return self is Engine.SPARK

    @property
    def deletes_rows(self) -> bool:
        """Whether it takes single rows out of a table; else rows that came are added or merged, of small tables."""
        return self is Engine.SPARK


SPARK = (Engine.SPARK,)
SPARK_AND_SAIL = (Engine.SPARK, Engine.SAIL)

_building_on: ContextVar[Engine] = ContextVar("building_on", default=Engine.SPARK)


@contextmanager
def building_on(engine: Engine) -> Iterator[None]:
    """While the block lasts, functions that do not run on an engine refuse to be called."""
    token = _building_on.set(engine)
    try:
        yield
    finally:
        _building_on.reset(token)


def runs_on(*engines: Engine) -> Callable[[Callable[ParametersT, ResultT]], Callable[ParametersT, ResultT]]:
    """Declare on which engines a transform gives the same rows; CI tries each pair.

    Called for another engine it raises ``EngineRefusedError``, before anything is read.
    """

    def declare(function: Callable[ParametersT, ResultT]) -> Callable[ParametersT, ResultT]:
        @wraps(function)
        def checked(*args: ParametersT.args, **kwargs: ParametersT.kwargs) -> ResultT:
            if (engine := _building_on.get()) not in engines:
                raise EngineRefusedError(engine=engine, what=(function.__name__,))
            return function(*args, **kwargs)

        checked.__engines__ = engines  # type: ignore[attr-defined]
        return checked

    return declare


def engines_of(function: object) -> tuple[Engine, ...]:
    """Give the engines that a function declares; those of Spark where it says nothing."""
    return getattr(function, "__engines__", SPARK)
