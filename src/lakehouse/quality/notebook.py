"""How a score looks in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakehouse.quality.table_score import TableScore

_SHOWN = 10


def score_html(score: TableScore) -> str:
    """Give a score as HTML: the number, its dimensions, and the rules that cost the most."""
    head = f"<b>{escape(score.table)}</b> "
    if score.score is None:
        return f"<div>{head}nothing to assess in {score.rows:,} rows</div>"
    weakest = score.weakest
    parts = [f"{escape(name)} {share:.2%}" for name, share in score.by_dimension.items()]
    if weakest is not None and weakest.failed:
        parts.append(f"weakest error rule {escape(weakest.name)} {weakest.score:.2%}")
    harmful = sorted((rule for rule in score.rules if rule.failed), key=lambda rule: -rule.harm)
    rows = "".join(
        f"<tr><td style='text-align:left'>{escape(rule.name)}</td><td>{rule.failed:,}</td><td>{rule.assessed:,}</td>"
        f"<td>{rule.score:.2%}</td><td style='text-align:left'>{escape(rule.detail or rule.because)}</td></tr>"
        for rule in harmful[:_SHOWN]
    )
    titles = "".join(f"<th>{name}</th>" for name in ("rule", "failed", "of", "score", ""))
    table = f"<table><tr>{titles}</tr>{rows}</table>" if rows else "<div>no row failed a rule</div>"
    more = f"<div>and {len(harmful) - _SHOWN} more rules</div>" if len(harmful) > _SHOWN else ""
    return (
        f"<div>{head}{score.score:.2%} of {score.rows:,} rows; {score.rows_failed:,} fail an error rule"
        f"<br>{' · '.join(parts)}</div>{table}{more}"
    )
