"""``@build``: a pure function between contracts. Its signature is the edge of the graph."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, cast, get_type_hints, overload

from typedspark import DataSet

from lakehouse.contract.engine import Engine
from lakehouse.contract.follows import Follows, Whole, check_follows
from lakehouse.contract.schema import Schema
from lakehouse.contract.table import TableSpec, is_table, spec_of
from lakehouse.errors import ContractError

FunctionT = TypeVar("FunctionT", bound=Callable[..., DataSet[Any]])


@dataclass(frozen=True, kw_only=True)
class SqlText:
    """The code of a build that is a SQL file."""

    text: str
    file: str


@dataclass(frozen=True, kw_only=True)
class BuildSpec:
    """A build: parameter name → input table, the output table, the parameter that takes the run's instant, how it
    follows changes of its inputs, what stands for its code (empty: its source), the engines that it says it runs on
    (None: judged by what it calls), and its SQL where it is no Python."""

    function: Callable[..., DataSet[Any]]
    inputs: tuple[tuple[str, type[Schema]], ...]
    output: type[Schema]
    instant: str | None = None
    follows: Follows = field(default_factory=Whole)
    code_version: str = ""
    engines: tuple[Engine, ...] | None = None
    sql: SqlText | None = None

    @property
    def table(self) -> TableSpec:
        """The table that it makes."""
        return spec_of(self.output)

    @property
    def source(self) -> str:
        """``file:line`` of the function, or of the SQL."""
        if self.sql:
            return f"{self.sql.file}:1"
        code = inspect.unwrap(self.function).__code__
        return f"{code.co_filename}:{code.co_firstlineno}"

    @property
    def code(self) -> str:
        """What it does, as text: whoever changes it changes this."""
        if self.code_version:
            return self.code_version
        if self.sql is None:
            return inspect.getsource(self.function)
        inputs = [(name, spec_of(schema).name) for name, schema in self.inputs]
        return f"{self.sql.text}\n{inputs} {self.instant} {self.follows}"


@overload
def build(function: FunctionT) -> FunctionT: ...
@overload
def build(
    *, follows: Follows | None = None, code_version: str = "", engines: Sequence[Engine | str] | None = None
) -> Callable[[FunctionT], FunctionT]: ...
def build(
    function: FunctionT | None = None,
    *,
    follows: Follows | None = None,
    code_version: str = "",
    engines: Sequence[Engine | str] | None = None,
) -> FunctionT | Callable[[FunctionT], FunctionT]:
    """Declare a function to be the build of the table that it returns: ``@build``, or ``@build(follows=Rows())``.

    Each parameter is ``DataSet[SomeTable]``, or ``datetime``: the instant of the run, in UTC (builds read no clock).
    The return type is ``DataSet[TheTable]``. The function stays callable as it is, in notebooks and tests.

    Args:
        follows: Which of its rows a changed input row can change: ``Rows``, ``Keys``, ``Groups``. Not said: ``Whole``.
        code_version: By what it is told that its code is another, so that all rows are made anew. Not said: its source,
            without that of functions which it calls.
        engines: Where you have tried that it gives equal rows, such as ``("spark", "sail")``. Not said: Spark, and Sail
            as far as each function that it calls is known to do there what it does on Spark.

    Raises:
        ContractError: A parameter, the return type, ``follows`` or an engine does not fit, with file and line.
    """

    def declare(declared: FunctionT) -> FunctionT:
        spec = _spec_of(declared, follows, code_version, engines)
        declared.__build__ = spec  # type: ignore[attr-defined]
        return declared

    return declare if function is None else declare(function)


def _spec_of(
    function: Callable[..., DataSet[Any]],
    follows: Follows | None,
    code_version: str,
    engines: Sequence[Engine | str] | None,
) -> BuildSpec:
    code = function.__code__
    where = f"build {code.co_name} ({code.co_filename}:{code.co_firstlineno})"
    try:
        hints = get_type_hints(function)
    except NameError as error:
        todo = "annotations are read when the module is: import their names outside of TYPE_CHECKING and of functions"
        raise ContractError(f"{where}: {error}; {todo}") from error
    inputs: list[tuple[str, type[Schema]]] = []
    instant: str | None = None
    for name in inspect.signature(function).parameters:
        if hints.get(name) is datetime:
            if instant is not None:
                raise ContractError(f"{where}: {instant!r} and {name!r} both take the run's instant; keep one")
            instant = name
        else:
            inputs.append((name, _table_of(hints.get(name), where=f"{where}: parameter {name!r}")))
    output = _table_of(hints.get("return"), where=f"{where}: the return type")
    return BuildSpec(
        function=function,
        inputs=tuple(inputs),
        output=output,
        instant=instant,
        follows=checked_follows(follows, inputs, output, where=where),
        code_version=code_version,
        engines=_engines(engines, where=where),
    )


def checked_follows(
    follows: Follows | None, inputs: Sequence[tuple[str, type[Schema]]], output: type[Schema], *, where: str
) -> Follows:
    """Hold what a build follows against its tables; what is not said is ``Whole``.

    Raises:
        ContractError: It names what is not there.
    """
    target = spec_of(output)
    return check_follows(
        follows or Whole(),
        where=where,
        inputs={name: spec_of(schema).struct.names for name, schema in inputs},
        output=target.struct.names,
        key=target.key,
    )


def _engines(names: Sequence[Engine | str] | None, *, where: str) -> tuple[Engine, ...] | None:
    if names is None:
        return None
    unknown = [str(name) for name in names if name not in list(Engine)]
    if unknown or Engine.SPARK not in names:
        known = ", ".join(Engine)
        raise ContractError(
            f"{where}: engines={tuple(map(str, names))}; there is {known}, and spark is always one of them"
        )
    return tuple(Engine(name) for name in names)


def build_of(function: object) -> BuildSpec | None:
    """Give what ``@build`` found, or None for anything else."""
    found = getattr(function, "__build__", None) if inspect.isfunction(function) else None
    return found if isinstance(found, BuildSpec) else None


def _table_of(hint: Any, *, where: str) -> type[Schema]:
    schema: Any = getattr(hint, "_schema_annotations", None)
    if not is_table(schema):
        found = "nothing" if hint is None else getattr(hint, "__name__", str(hint))
        raise ContractError(f"{where} says {found}; write DataSet[T], where T is declared with @table")
    return cast("type[Schema]", schema)
