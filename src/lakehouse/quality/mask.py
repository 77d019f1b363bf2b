"""Every rule of a row in one pass: a bit mask, and all else derived from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contract.scored import Scored
from lakehouse.contract.table import TableSpec
from lakehouse.quality.rule import Severity
from lakehouse.quality.rule_check import explained
from lakehouse.quality.rule_set import RuleSet

MASK, MORE, RULES, SCORE, FAILED = (
    "quality_mask", "quality_mask_more", "quality_rules", "quality_score", "failed_rules",
)  # fmt: skip
BITS = 63
"""Rules in a word: a signed 64-bit integer without its sign."""

T = TypeVar("T")


def with_quality(df: DataFrame, rules: RuleSet) -> DataFrame:
    """Add the quality columns of each row.

    Rows: unchanged. Columns: those of ``df``, with ``quality_mask`` (bit i is set when rule i failed),
    ``quality_mask_more`` (rules 63 and up, 63 a word; null when there are none), ``quality_rules`` (the rule set's
    id), ``quality_score`` (1 less the weighted share of failed rules, 0 to 1) and ``failed_rules`` (their names; empty
    when none). Cost: each rule once per row, no shuffle. Batch and stream.

    Names are put together without higher-order functions, which would take the whole stage out of code generation.

    Raises:
        ContractError: A rule does not fit these columns; all such rules are listed.
    """
    masked = with_mask(df, rules)
    id_ = F.lit(rules.id or None).cast("string")
    return masked.withColumns({RULES: id_, SCORE: _score(rules), FAILED: _failed_names(rules)})


def with_kept_quality(df: DataFrame, rules: RuleSet, spec: TableSpec) -> DataFrame:
    """Add the quality columns where a table keeps them (``Scored``); elsewhere columns of these names are its own."""
    return with_quality(df, rules) if rules.rules and issubclass(spec.schema, Scored) else df


def with_mask(df: DataFrame, rules: RuleSet) -> DataFrame:
    """Add the mask alone, which table scores are counted from; see ``with_quality``."""
    none = F.lit(None).cast("array<bigint>")
    with explained(df, rules):
        first, *more = [_word(rules.violated[at : at + BITS]) for at in range(0, max(1, len(rules.rules)), BITS)]
        masked = df.withColumns({MASK: first, MORE: F.array(*more) if more else none})
        # A session of Spark Connect analyses no earlier than this.
        _ = masked.columns
    return masked


def failed_sql(bit: int) -> str:
    """Tell, as SQL over the mask, whether rule ``bit`` failed."""
    return f"({_word_sql(bit // BITS)} & {1 << bit % BITS}L) != 0"


def failed_any(rules: RuleSet) -> Column:
    """Tell whether a row failed any error rule, from the mask."""
    return F.expr(failed_any_sql(rules))


def failed_any_sql(rules: RuleSet) -> str:
    """Give ``failed_any`` as SQL, for statements that have no DataFrame."""
    bits = [bit for bit, bound in enumerate(rules.rules) if bound.rule.severity is Severity.ERROR]
    words = [f"({_word_sql(word)} & {chosen}L) != 0" for word, chosen in _by_word(bits).items()]
    return " OR ".join(words) or "false"


def balanced(join: Callable[[T, T], T], parts: Sequence[T]) -> T:
    """Join parts as a balanced tree: a chain of 1,000 would be deeper than Spark's analyser can go."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return join(balanced(join, parts[:half]), balanced(join, parts[half:]))


def _word(violations: Sequence[Column]) -> Column:
    # Null where nothing is violated, too. Numbers and not literals: each call of a function takes the JVM four answers.
    bits = [F.when(violated, 1 << bit).otherwise(0) for bit, violated in enumerate(violations)]
    return (balanced(Column.bitwiseOR, bits) if bits else F.lit(0)).cast("bigint")


def _word_sql(word: int) -> str:
    return MASK if word == 0 else f"get({MORE}, {word - 1})"


def _by_word(bits: Sequence[int]) -> dict[int, int]:
    words: dict[int, int] = {}
    for bit in bits:
        words[bit // BITS] = words.get(bit // BITS, 0) | 1 << bit % BITS
    return words


def _score(rules: RuleSet) -> Column:
    weights: dict[float, list[int]] = {}
    for bit, bound in enumerate(rules.rules):
        weights.setdefault(bound.rule.weight, []).append(bit)
    # Rules of one weight are counted together: one operation on the mask, not one for each rule.
    lost = [
        f"bit_count({_word_sql(word)} & {chosen}L) * {weight / rules.total_weight!r}D"
        for weight, bits in weights.items()
        for word, chosen in _by_word(bits).items()
    ]
    # A rounding error of the sum must not take a row below 0.
    return F.expr(f"greatest(0D, 1D - ({' + '.join(lost)}))") if lost else F.lit(1.0)


def _failed_names(rules: RuleSet) -> Column:
    if not rules.rules:
        return F.array().cast("array<string>")
    names = [f"CASE WHEN {failed_sql(bit)} THEN {_quoted(one.name)} ELSE '' END" for bit, one in enumerate(rules.rules)]
    clean = " AND ".join(f"{_word_sql(word)} = 0" for word in range((len(names) - 1) // BITS + 1))
    none = "CAST(array() AS array<string>)"
    return F.expr(f"CASE WHEN {clean} THEN {none} ELSE array_remove(array({', '.join(names)}), '') END")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
