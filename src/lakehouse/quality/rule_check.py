"""Whether the rules of a table fit the columns of a DataFrame, before anything runs."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.errors import ContractError
from lakehouse.quality.rule_set import BoundRule, RuleSet


@contextmanager
def explained(df: DataFrame, rules: RuleSet) -> Iterator[None]:
    """Let Spark analyse all rules inside, in one go; if it refuses, say which rules and why.

    Raises:
        ContractError: Some rules name a column that is not there, are no SQL, or compare what cannot be compared; each
            is listed, with the nearest column.
    """
    try:
        yield
    except (AnalysisException, ParseException) as error:
        lines = [f"  - {one.name}: {why}" for one in rules.rules if (why := _problem(df, _alone(one)))]
        text = "\n".join(lines) or _in_words(error, df.columns)
        raise ContractError(f"rules of {rules.table} do not fit its rows:\n{text}") from error


def _alone(bound: BoundRule) -> Callable[[], Sequence[Column]]:
    return lambda: RuleSet(table="", rules=(bound,)).violated


def _problem(df: DataFrame, violations: Callable[[], Sequence[Column]]) -> str | None:
    try:
        # Of its schema, because a session of Spark Connect analyses no earlier.
        _ = df.select(*(F.when(violated, True).alias(f"r{at}") for at, violated in enumerate(violations()))).schema
    except (AnalysisException, ParseException) as error:
        return _in_words(error, df.columns)
    return None


def _in_words(error: Exception, columns: list[str]) -> str:
    text = " ".join(str(error).split())
    missing = re.search(r"with name `?([^ ]+?)`? cannot be resolved", text)
    if missing is not None:
        name = missing[1].replace("`", "")
        near = difflib.get_close_matches(name, columns, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(columns[:20])}"
        return f"no column {name!r}; {hint}"
    if "NOT" in text and 'requires the "BOOLEAN" type' in text:
        kinds: list[str] = re.findall(r'has the type "(\w+)', text)
        return f"a condition is true or false; found {kinds[-1].lower()}"
    return re.sub(r"^\[[\w.]+\] ", "", text).split(" SQLSTATE")[0]
