"""What Sail is trusted with: tried on Spark and on Sail with equal rows, by the cases of ``tests/engines``.

A list of what is allowed, not of what is wrong: functions that give other values than Spark's, without an error, are
found only by trying them.
"""

from __future__ import annotations

import re

_CHOICE = """
    == <=> > >= < <= != <> ! and or not in isnull isnotnull isnan when coalesce nullif ifnull nvl greatest least struct
    named_struct array map typeof
"""
_TEXT = """
    lower upper trim ltrim rtrim concat concat_ws substring substr substring_index left right length char_length
    octet_length lpad rpad repeat reverse replace translate split instr locate startswith endswith contains like ilike
    rlike regexp_extract regexp_replace md5 sha2 sha1 crc32 xxhash64 hash base64 hex unhex encode decode ascii
    levenshtein soundex
"""
_NUMBERS = """
    abs / % pmod & | ^ bit_count try_add try_subtract try_multiply try_divide round floor ceil
"""
_DAYS = """
    year quarter month day dayofmonth dayofweek dayofyear weekday weekofyear hour minute second date_add date_sub
    datediff date_diff add_months months_between last_day date_trunc trunc date_format make_date to_date to_timestamp
    try_to_timestamp
"""
_ARRAYS = """
    size get array_contains array_distinct array_join array_remove array_sort array_max array_min transform filter
    exists aggregate explode explode_outer posexplode
"""
_SEVERAL_ROWS = """
    row_number rank dense_rank lag lead first_value last_value count count_if avg min max max_by min_by bool_and bool_or
    every some collect_set collect_list
"""
FUNCTIONS = frozenset(" ".join((_CHOICE, _TEXT, _NUMBERS, _DAYS, _ARRAYS, _SEVERAL_ROWS)).split())
"""Functions and operators, as plans call them; in small letters."""

_STEPS = """
    project filter join set_op sort limit aggregate local_relation cached_local_relation chunked_cached_local_relation
    offset deduplicate subquery_alias to_df with_columns_renamed drop with_columns hint fill_na drop_na with_relations
    repartition
"""
RELATIONS = frozenset(_STEPS.split())
"""Steps of a plan, as Spark Connect calls them."""

_TYPES = "integer int long bigint double boolean date timestamp decimal string binary array struct"
CASTS = frozenset(_TYPES.split())
"""Types that are cast to."""

ARITHMETIC = {
    "+": "try_add, or calculate with decimals",
    "-": "try_subtract, or calculate with decimals",
    "*": "try_multiply, or calculate with decimals",
    "negative": "calculate with decimals or doubles",
    "sum": "try_sum, or sum(cast(… as decimal(38,0)))",
}
"""Where whole numbers overflow without an error; what to write instead."""

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
    bare = _CLASS.sub("x", _ESCAPED.sub("x", pattern))
    for unlike, text in ((_UNLIKE, pattern), (_UNLIKE_OUTSIDE_OF_CLASSES, bare)):
        for what, found in unlike.items():
            if re.search(found, text):
                return what
    return "a group in its replacement" if replaces and re.search(r"\$\d|\$\{", pattern) else ""
