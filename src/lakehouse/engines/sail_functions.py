"""What Sail is trusted with: tried on Spark and on Sail with equal rows, by the cases of ``tests/engines``.

A list of what is allowed, not of what is wrong: functions that give other values than Spark's, without an error, are
found only by trying them.
"""

from __future__ import annotations

import re

_CHOICE = """
    == <=> > >= < <= != <> ! and or not in isnull isnotnull greatest least array map typeof
"""
_TEXT = """
    lower upper trim ltrim rtrim concat concat_ws substring substr substring_index right length char_length octet_length
    lpad rpad repeat reverse replace translate split instr locate startswith endswith contains like ilike rlike
    regexp_extract regexp_replace md5 sha2 sha1 crc32 xxhash64 base64 hex unhex encode decode ascii levenshtein soundex
"""
_NUMBERS = """
    abs % pmod & | ^ bit_count try_add try_subtract try_multiply try_divide round floor ceil
"""
_DAYS = """
    year quarter month day dayofmonth dayofweek dayofyear weekofyear hour minute second date_add date_sub datediff
    date_diff add_months months_between last_day date_trunc trunc date_format make_date to_date to_timestamp
    try_to_timestamp
"""
_ARRAYS = """
    size get array_distinct array_join array_remove array_sort array_max array_min transform filter exists aggregate
    explode explode_outer posexplode
"""
_SEVERAL_ROWS = """
    row_number rank dense_rank lag lead first_value last_value count count_if max_by min_by bool_and bool_or every some
    collect_set collect_list
"""
FUNCTIONS = frozenset(" ".join((_CHOICE, _TEXT, _NUMBERS, _DAYS, _ARRAYS, _SEVERAL_ROWS)).split())
"""Functions and operators of any types, as plans call them; in small letters."""

_STEPS = """
    project filter join set_op sort limit aggregate local_relation cached_local_relation chunked_cached_local_relation
    offset deduplicate subquery_alias to_df with_columns_renamed drop with_columns hint fill_na drop_na with_relations
    repartition
"""
RELATIONS = frozenset(_STEPS.split())
"""Steps of a plan, as Spark Connect calls them."""

_WHOLE = frozenset(("tinyint", "smallint", "int", "bigint"))
_OVERFLOW = "whole numbers overflow there unseen"
_ROUNDING = "decimals are cut there, not rounded: calculate with doubles, or round(…) of a cast"
_ENDLESS = "NaN and the infinities count otherwise there, and so do structs that are null"
_STRUCT = frozenset(("struct",))
_FIELDS = "a field of a struct that it makes null is not null there: choose each field by itself"
BY_TYPE: dict[str, tuple[frozenset[str], str]] = {
    "+": (_WHOLE, f"{_OVERFLOW}: try_add, or calculate with decimals"),
    "-": (_WHOLE, f"{_OVERFLOW}: try_subtract, or calculate with decimals"),
    "*": (_WHOLE, f"{_OVERFLOW}: try_multiply, or calculate with decimals"),
    "negative": (_WHOLE, f"{_OVERFLOW}: calculate with decimals"),
    # Of smaller numbers as many rows as overflow a bigint are not small data.
    "sum": (frozenset(("bigint",)), f"{_OVERFLOW}: try_sum, or sum(cast(… as decimal(38,0)))"),
    "/": (frozenset(("decimal",)), _ROUNDING),
    "avg": (frozenset(("decimal",)), _ROUNDING),
    "min": (frozenset(("double", "float", "struct")), _ENDLESS),
    "max": (frozenset(("double", "float", "struct")), _ENDLESS),
    **dict.fromkeys(("when", "coalesce", "nullif", "ifnull", "nvl"), (_STRUCT, _FIELDS)),
}
"""Functions that are right there but for some types, of the result or of what an aggregate is over; and why."""

FIT_FOR_SQL = frozenset(("coalesce", "nullif", "ifnull", "nvl", "when"))
"""Those that are taken in SQL as well: no text of SQL here takes a struct apart that it has chosen."""

_NUMERIC = "tinyint smallint int bigint"
CASTS: dict[str, frozenset[str]] = {
    name: frozenset(f"{found} {name}".split())
    for name, found in {
        "string": f"{_NUMERIC} boolean date decimal timestamp",
        "int": f"{_NUMERIC} string boolean",
        "bigint": f"{_NUMERIC} string",
        "double": f"{_NUMERIC} float string decimal",
        "boolean": f"{_NUMERIC} string",
        "date": "timestamp",
        "timestamp": "date string",
        "decimal": f"{_NUMERIC} double",
        "binary": "string",
    }.items()
}
"""Types that are cast to, and what from."""

REGULAR = frozenset(("rlike", "regexp_extract", "regexp_replace", "split"))
"""Functions that take a pattern."""

_KEYWORDS = "and or not in when then else case over as between is by on end interval exists"
SQL_WORDS = frozenset(_KEYWORDS.split())
"""What stands before a parenthesis in SQL and calls nothing."""

_UNLIKE = {
    "a back-reference": r"\\[1-9k]",
    "a class of Java": r"\\p\{(?:Alpha|Lower|Upper|Digit|Alnum|Punct|Space|Is|In|java)|\\[hHRXGQE]|&&",
}
_UNLIKE_OUTSIDE_OF_CLASSES = {
    "a look-around": r"\(\?(?:<?[=!])",
    "an atomic group": r"\(\?>",
    "a possessive quantifier": r"[*+?}]\+",
}
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_CLASS = re.compile(r"\[\^?\]?[^\]]*\]")


def unlike_java(pattern: str, *, replaces: bool = False) -> str:
    r"""Say what a pattern has that Sail's regular expressions lack or read otherwise; empty where there is none.

    Args:
        pattern: A pattern, or the text that takes its place.
        replaces: The text may be a replacement: there ``$1`` and ``\`` are read otherwise.
    """
    if not pattern and not replaces:
        return "an empty pattern"
    bare = _CLASS.sub("x", _ESCAPED.sub("x", pattern))
    for unlike, text in ((_UNLIKE, pattern), (_UNLIKE_OUTSIDE_OF_CLASSES, bare)):
        for what, found in unlike.items():
            if re.search(found, text):
                return what
    return "a group in its replacement" if replaces and re.search(r"\$\d|\$\{", pattern) else ""
