"""``sql_build``: a build whose code is a SQL file, under the same plan as any other."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from pyspark.errors import AnalysisException, ParseException
from typedspark import DataSet

from lakehouse.contract.build import BuildSpec, SqlText, checked_follows
from lakehouse.contract.conform import conform
from lakehouse.contract.follows import Follows
from lakehouse.contract.schema import Schema, SchemaT
from lakehouse.contract.sql_text import check_sql, with_instant
from lakehouse.contract.table import is_table
from lakehouse.errors import ContractError

_OF_SPARK = {"self", "sqlQuery", "args"}
"""Parameters of ``SparkSession.sql``, which takes the inputs by name too."""


def sql_build(
    file: str,
    *,
    inputs: Mapping[str, type[Schema]],
    output: type[SchemaT],
    follows: Follows | None = None,
    instant: str | None = None,
    code_version: str = "",
) -> Callable[..., DataSet[SchemaT]]:
    """Declare a SQL file to be the build of a table: ``revenue = sql_build("revenue.sql", inputs=…, output=…)``.

    The text is one query. It reads each input as ``{name}``, and nothing else; where braces stand for themselves they
    are doubled. Its columns have to be those of the contract, by name. What comes back can be called in tests and
    notebooks as a function of its inputs.

    Args:
        file: Path from the folder of the module that calls.
        inputs: Name in the text → table.
        output: The table that it makes.
        follows: Which of its rows a changed input row can change, as for ``@build``.
        instant: Name of the parameter marker that takes the run's instant: ``instant="now"`` for ``:now``.
        code_version: What stands for the text, as for ``@build``.

    Raises:
        ContractError: There is no such file, it is no query, or text, inputs and output do not fit, with the place.
    """
    caller = sys._getframe(1)
    where = f"sql_build({file!r}) ({caller.f_code.co_filename}:{caller.f_lineno})"
    _check_inputs(inputs, output, where=where, instant=instant)
    path, text = _read(file, caller, where=where)
    check_sql(text, file=str(path), inputs=tuple(inputs), instant=instant)
    run = _function(text, path, inputs, output, instant)
    run.__name__ = run.__qualname__ = path.stem
    run.__module__ = caller.f_globals["__name__"]
    run.__doc__ = f"The query of {path.name}."
    run.__build__ = BuildSpec(  # type: ignore[attr-defined]
        function=run,
        inputs=tuple(inputs.items()),
        output=output,
        instant=instant,
        follows=checked_follows(follows, tuple(inputs.items()), output, where=where),
        code_version=code_version,
        sql=SqlText(text=text, file=str(path)),
    )
    return run


def _check_inputs(inputs: Mapping[str, type[Schema]], output: type[Schema], *, where: str, instant: str | None) -> None:
    if not inputs:
        raise ContractError(f"{where}: it has no inputs; name at least one table")
    for name, schema in {**inputs, "output": output}.items():
        if not is_table(schema):
            what = "output" if schema is output else f"input {name!r}"
            found = getattr(schema, "__name__", repr(schema))
            raise ContractError(f"{where}: {what} is {found}; it has to be a class that is declared with @table")
    for name in (*inputs, *([instant] if instant else ())):
        if not re.fullmatch(r"[A-Za-z_]\w*", name) or name in _OF_SPARK:
            raise ContractError(f"{where}: {name!r} cannot be a name in the text; use other letters, digits and _")
    if instant in inputs:
        raise ContractError(f"{where}: {instant!r} is an input and the instant; rename one")


def _read(file: str, caller: FrameType, *, where: str) -> tuple[Path, str]:
    """Read the text, out of an archive too when the module came of one."""
    module = caller.f_globals
    # A notebook has no file.
    path = Path(module["__file__"]).parent / file if "__file__" in module else Path(file)
    load = getattr(module.get("__loader__"), "get_data", None)
    try:
        found = load(str(path)) if load else path.read_bytes()
        return path, found.decode("utf-8")
    except OSError as error:
        todo = "the path is from the folder of this module; of an installed package the file has to be package data"
        raise ContractError(f"{where}: {path} cannot be read: {error.strerror or 'it is not there'}; {todo}") from error
    except UnicodeDecodeError as error:
        raise ContractError(f"{where}: {path} is not UTF-8: {error}") from error


def _function(
    text: str, path: Path, inputs: Mapping[str, type[Schema]], output: type[SchemaT], instant: str | None
) -> Callable[..., DataSet[SchemaT]]:
    names = (*inputs, *([instant] if instant else ()))
    signature = inspect.Signature([inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names])

    def run(*rows: Any, **named: Any) -> DataSet[SchemaT]:
        given = signature.bind(*rows, **named).arguments
        frames = {name: given[name] for name in inputs}
        query = with_instant(text, instant, given[instant]) if instant else text
        session = next(iter(frames.values())).sparkSession
        try:
            return conform(session.sql(query, **frames), output)
        except (AnalysisException, ParseException) as error:
            raise ContractError(_in_words(error, path)) from error

    run.__signature__ = signature  # type: ignore[attr-defined]
    return run


def _in_words(error: Exception, path: Path) -> str:
    """Say an error of Spark's parser or analyser in a line, with the place in the file."""
    said = str(error)
    line = re.search(r"\bline (\d+),? pos ", said)
    first = re.sub(r"_pyspark_\w*[0-9a-f]{32}", "its input", said.strip().splitlines()[0])
    return f"{path}{f':{line[1]}' if line else ''}: {first.split(' SQLSTATE')[0]}"
