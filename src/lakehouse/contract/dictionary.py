"""The data dictionary of a lake: what every table and column means, from the contracts alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lakehouse.contract.columns import ColumnSpec
from lakehouse.contract.table import TableSpec


def dictionary_json(specs: Iterable[TableSpec]) -> list[dict[str, Any]]:
    """Give the dictionary as plain data, tables and columns in their order."""
    return [
        {
            "table": spec.name,
            "comment": spec.comment,
            "key": list(spec.key),
            "partitioned_by": [f.sql.replace("`", "") for f in spec.partitioned_by],
            "columns": [_column(path, column) for top in spec.columns for path, column in top.walk()],
        }
        for spec in specs
    ]


def dictionary_markdown(specs: Iterable[TableSpec]) -> str:
    """Give the dictionary as a Markdown page: a heading per table, a row per column and field."""
    pages = []
    for table in dictionary_json(specs):
        facts = [f"key: `{', '.join(table['key'])}`"] if table["key"] else []
        facts += [f"partitioned by: `{', '.join(table['partitioned_by'])}`"] if table["partitioned_by"] else []
        rows = [
            f"| `{c['name']}` | {_text(c['type'])} | {'yes' if c['required'] else ''} | {c['pii'] or ''} | {_cell(c)} |"
            for c in table["columns"]
        ]
        head = ["| column | type | required | personal | meaning |", "|---|---|---|---|---|"]
        pages.append("\n".join([f"## {table['table']}", "", table["comment"], "", *facts, "", *head, *rows]))
    return "# Data dictionary\n\n" + "\n\n".join(pages) + "\n"


def _column(path: str, column: ColumnSpec) -> dict[str, Any]:
    return {
        "name": path,
        "type": "struct" if column.fields else column.type.simpleString(),
        "required": column.required,
        "pii": column.pii.value if column.pii else None,
        "unit": column.doc.unit if column.doc else None,
        "meaning": column.doc.text if column.doc else "",
        "rules": [repr(mark) for mark in column.marks if hasattr(mark, "dimension")],
    }


def _cell(column: dict[str, Any]) -> str:
    unit = f" [{column['unit']}]" if column["unit"] else ""
    return _text(f"{column['meaning']}{unit}")


def _text(text: str) -> str:
    """Keep a text in its cell: no line break, no end of the cell, no ``<`` that a page would read as a tag."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "\\<")
