"""Whether a statement is what its kind has to be, and whether what it needs was made before it."""

from __future__ import annotations

from collections.abc import Sequence

from lakehouse.errors import ServingError
from lakehouse.serving.snowflake.grammars import KINDS, RULES, TERMINALS
from lakehouse.serving.snowflake.notation import Kept, Reading
from lakehouse.serving.snowflake.statement import Statement
from lakehouse.serving.snowflake.tokens import tokens


def check(statement: Statement) -> list[str]:
    """Give what is wrong with a statement: an option that is missing or out of its order, a value that cannot be."""
    kept, problem = _read(statement)
    return [problem] if kept is None else _disagreements(statement.kind, kept)


def check_all(found: Sequence[Statement]) -> list[str]:
    """Give what is wrong with any statement, or with their order: each needs what was made before it."""
    problems, made, databases = [], set[str](), set[str]()
    for one in found:
        kept, problem = _read(one)
        wrong = [problem] if kept is None else _disagreements(one.kind, kept)
        for label, words in kept or ():
            name = words[1:-1].replace("''", "'") if words.startswith("'") else words
            needed = {"needs": name, "needs stage": name[1:].split("/")[0], "makes": name.rpartition(".")[0]}.get(label)
            if needed and needed not in made and needed.split(".")[0] not in databases:
                wrong.append(f"it needs {needed}, which nothing before it makes")
            made |= {name} if label == "makes" else set()
            databases |= {name} if label == "makes all of" else set()
        wrong += [line for change in one.changes for by in change.by for line in check(by)]
        problems += [f"{one.kind} {one.name}: {line}" for line in wrong]
    return problems


def require_right(found: Sequence[Statement]) -> None:
    """Raise if any statement is wrong.

    Raises:
        ServingError: One is not what its kind has to be; none may be sent then.
    """
    if problems := check_all(found):
        lines = "".join(f"\n  - {line}" for line in problems[:20])
        raise ServingError(f"statements for Snowflake are wrong, none was sent:{lines}")


def _read(statement: Statement) -> tuple[Kept | None, str]:
    reading = Reading(tokens=tokens(statement.sql), rules=RULES, terminals=TERMINALS)
    kept = reading.read(f"{KINDS[statement.kind]} ;")
    return kept, "" if kept is not None else reading.problem()


def _disagreements(kind: str, kept: Kept) -> list[str]:
    of = {label: [words for one, words in kept if one == label] for label, _ in kept}
    if kind == "view" and of["shown"] != of["selected"]:
        return ["the columns that are listed are not those that are selected, in this order"]
    if kind == "view" and not set(of.get("limit", ())) <= set(of["shown"]):
        return ["the row access policy is on a column that is not listed"]
    if kind == "masking policy" and len(set(of["type"])) > 1:
        return ["a masking policy gives the type that it takes"]
    if kind == "external table":
        return _external(of, kept)
    return []


def _external(of: dict[str, list[str]], kept: Kept) -> list[str]:
    problems = []
    if of["type"] != of["cast"]:
        problems.append("a column is cast to another type than it has")
    # After each column stands where it is from: a folder of the path, or a field of the file.
    sources = dict(zip(of["column"], [(a, b) for a, b in kept if a in {"folder", "field"}], strict=True))
    wanted = {column: f"'/{column[1:-1]}='" for column in of["column"]}
    for column, (label, words) in sources.items():
        if words != (wanted[column] if label == "folder" else column):
            problems.append(f"{column} is read from {words}")
    folders = [column for column, (label, _) in sources.items() if label == "folder"]
    if folders != of.get("partition", []):
        problems.append("it is partitioned by other columns than those that are read from the path")
    if ("told" in of) != ("topic" in of):
        problems.append("AUTO_REFRESH is TRUE where a topic tells of new files, else FALSE")
    return problems
