"""``lakehouse quality report``: how good a table is, as a page or for machines."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from lakehouse.catalog.connect import open_catalog
from lakehouse.catalog.iceberg import Lake
from lakehouse.catalog.quality_metrics import past_scores
from lakehouse.cli.options import ConfigFile, Env, Override, lake_of, settings_of
from lakehouse.cli.output import give
from lakehouse.cli.rules import judged
from lakehouse.cli.terminal import console
from lakehouse.config import Settings
from lakehouse.contract.table import TableSpec
from lakehouse.errors import LakehouseError
from lakehouse.quality import RuleSet, ScoredAt, with_quality
from lakehouse.quality.bad_rows import BadRow, sample_bad_rows
from lakehouse.quality.exports import report_json, report_junit, report_markdown
from lakehouse.quality.mask import MASK, MORE
from lakehouse.quality.profile import Profile
from lakehouse.quality.profile import profile as profile_rows
from lakehouse.quality.table_report import TableReport, render_table_report

_PUBLISHES = 60


class Form(StrEnum):
    """What a report can be."""

    HTML = "html"
    JSON = "json"
    MARKDOWN = "markdown"
    JUNIT = "junit"


_FORMS: dict[Form, tuple[str, Callable[[TableReport], str]]] = {
    Form.HTML: ("html", render_table_report),
    Form.JSON: ("json", report_json),
    Form.MARKDOWN: ("md", report_markdown),
    Form.JUNIT: ("xml", report_junit),
}


def report(
    table: Annotated[str, typer.Argument(help="A table with rules, such as silver.users.")],
    config: ConfigFile = None,
    overrides: Override = None,
    env: Env = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write; - is standard output. Not given: build/quality/<table>.<form>.")
    ] = None,
    form: Annotated[Form, typer.Option(help="A page, JSON, Markdown, or JUnit XML for a build server.")] = Form.HTML,
    sample: Annotated[int, typer.Option(help="At most so many bad rows in html and json; 0: none.", min=0)] = 20,
    profile: Annotated[
        bool, typer.Option("--profile/--no-profile", help="In html and json, what is in each column: one more scan.")
    ] = True,
) -> None:
    """Report how good a table was at its newest publish: score, demands, rules, trend, and some bad rows.

    Personal values are masked. The scores come from Iceberg's metadata; a session starts only for bad rows and profile.

    Examples:

        lakehouse quality report silver.users

        lakehouse quality report silver.users --form junit --out - > quality.xml
    """
    settings = settings_of(config, overrides, env)
    spec, rules = judged(settings, table)
    history = _publishes(settings, table)
    shows_rows = form in {Form.HTML, Form.JSON}
    lake = cache(lambda: lake_of(settings))
    rows = _bad_rows(lake, spec, rules, history[0], sample) if shows_rows and sample else None
    columns = _profile(lake(), spec, history[0]) if shows_rows and profile else None
    minimum = settings.quality.minimum_for(spec.name, rules.gate.minimum)
    found = TableReport(
        table=spec.name,
        comment=spec.comment,
        made_at=datetime.now(UTC),
        score=history[0].score,
        gate=dataclasses.replace(rules.gate, minimum=minimum),
        history=tuple(history),
        bad_rows=rows,
        version=version("lakehouse"),
        profile=columns,
    )
    ending, write = _FORMS[form]
    file = out or Path(settings.local.build) / "quality" / f"{table}.{ending}"
    give(write(found), None if str(file) == "-" else file, what="report")


def _publishes(settings: Settings, table: str) -> list[ScoredAt]:
    """Give the publishes with a score, newest first.

    Raises:
        LakehouseError: The table was never published with a score.
    """
    found = past_scores(open_catalog(settings), table, most=_PUBLISHES)
    if not found:
        raise LakehouseError(f"{table} was not published with a score yet: run `lakehouse run {table}` first")
    return found


def _bad_rows(
    lake: Callable[[], Lake], spec: TableSpec, rules: RuleSet, newest: ScoredAt, most: int
) -> tuple[BadRow, ...]:
    same_rules = newest.score.rule_set == rules.id
    failed = {rule.name for rule in newest.score.rules if rule.failed}
    if same_rules and not failed & {one.name for one in rules.rules}:
        return ()
    rows = lake().rows(spec, snapshot_id=newest.snapshot_id)
    if not same_rules:
        console.print(f"the rules of {spec.name} changed since its publish: bad rows are by the rules of now")
    # A mask means the rules that it was made by.
    kept = same_rules and {MASK, MORE} <= set(rows.columns)
    return sample_bad_rows(rows if kept else with_quality(rows, rules), spec, rules, most=most)


def _profile(lake: Lake, spec: TableSpec, newest: ScoredAt) -> Profile:
    own = [column for column in spec.columns if not column.generated]
    rows = lake.rows(spec, snapshot_id=newest.snapshot_id).select(*(column.name for column in own))
    return profile_rows(rows, hidden=[column.name for column in own if column.pii])
