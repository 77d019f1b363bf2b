"""How names and texts stand in a statement: nothing that is in them can end them."""

from __future__ import annotations

import re

from lakehouse.errors import ServingError

LONGEST_NAME = 255
PLAIN = re.compile(r"[A-Z_][A-Z0-9_]*")
# Those of the reference list that no column, alias or table may have without quotes.
_WORDS = """
ACCOUNT ALL ALTER AND ANY AS BETWEEN BY CASE CAST CHECK COLUMN CONNECT CONNECTION CONSTRAINT CREATE CROSS CURRENT
CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DATABASE DELETE DISTINCT DROP ELSE EXISTS FALSE FOLLOWING FOR
FROM FULL GRANT GROUP GSCLUSTER HAVING ILIKE IN INCREMENT INNER INSERT INTERSECT INTO IS ISSUE JOIN LATERAL LEFT LIKE
LOCALTIME LOCALTIMESTAMP MINUS NATURAL NOT NULL OF ON OR ORDER ORGANIZATION QUALIFY REGEXP REVOKE RIGHT RLIKE ROW ROWS
SAMPLE SCHEMA SELECT SET SOME START TABLE TABLESAMPLE THEN TO TRIGGER TRUE TRY_CAST UNION UNIQUE UPDATE USING VALUES
VIEW WHEN WHENEVER WHERE WITH
"""
RESERVED = frozenset(_WORDS.split())
"""Source: Snowflake documentation, "Reserved & limited keywords"."""


def quoted(name: str) -> str:
    """Give an identifier letter by letter: the catalog's names are lower case, Snowflake would fold them.

    Raises:
        ServingError: Snowflake takes no such name.
    """
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise ServingError(
            f"{name[:40]!r} is no name for Snowflake: it has 1 to {LONGEST_NAME} printable characters, "
            f"this one has {len(name)}. Give the column or table another name in its contract."
        )
    return '"' + name.replace('"', '""') + '"'


def business(name: str) -> str:
    """Give the name that people type: upper case, and quoted only where it cannot be said otherwise."""
    upper = name.upper()
    return upper if PLAIN.fullmatch(upper) and upper not in RESERVED else quoted(upper)


def word(text: str) -> str:
    """Give what can stand in a name, of anything: upper case, with a line where something else was."""
    return re.sub(r"[^A-Z0-9]+", "_", text.upper()).strip("_")


def literal(text: str) -> str:
    """Give a string literal. Snowflake reads backslashes in it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def literals(texts: tuple[str, ...]) -> str:
    """Give a list of string literals in parentheses."""
    return f"({', '.join(literal(text) for text in texts)})"


def flag(value: bool) -> str:
    """Give a truth value."""
    return "TRUE" if value else "FALSE"


def given(value: str, setting: str) -> str:
    """Give a setting, or a mark that a reader cannot miss where it is not set; ``apply`` refuses such a mark."""
    return value or f"<snowflake.{setting}>"
