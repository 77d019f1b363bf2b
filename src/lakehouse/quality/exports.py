"""The report on a table for machines: JSON, Markdown for a page or a comment, JUnit XML for a build server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree as ET

from lakehouse.quality.report import percent
from lakehouse.quality.table_report import TableReport
from lakehouse.quality.table_score import RuleScore

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def report_json(report: TableReport) -> str:
    """Give the whole report as JSON; scores are from 0 to 1, instants in ISO 8601."""
    return json.dumps(_data(report), indent=2, ensure_ascii=False)


def report_markdown(report: TableReport) -> str:
    """Give score, demands and rules as Markdown, without rows."""
    score = report.score
    weakest = (
        f", weakest error rule {_cell(score.weakest.name)} {percent(score.weakest.score)}" if score.weakest else ""
    )
    rows = f"{score.rows:,} rows, {score.rows_failed:,} failed an error rule{weakest}"
    parts = [f"# {_cell(report.table)}: {percent(score.score)}", _cell(report.comment), rows]
    if report.demands:
        states = ([d.what, _share(d.least), percent(d.found), d.broken or d.state] for d in report.demands)
        parts += ["## Demands", _table(("demand", "at least", "found", ""), states)]
    rules = ([*_counts(report, rule), rule.severity, _why(rule)] for rule in report.rules)
    parts += ["## Rules", _table(("rule", "failed", "assessed", "not applicable", "hold", "severity", "why"), rules)]
    dimensions = ([name, percent(share)] for name, share in score.by_dimension.items())
    parts += ["## Dimensions", _table(("dimension", "score"), dimensions)]
    parts += [f"Made at {report.made_at:%Y-%m-%d %H:%M} UTC by lakehouse {_cell(report.version)}."]
    return "\n\n".join(part for part in parts if part) + "\n"


def report_junit(report: TableReport) -> str:
    """Give the report as JUnit XML: a suite for the table, a case for each demand and each rule.

    A case fails when its demand is broken. A rule by itself never fails: what may not be is for the gate to say. What
    had nothing to judge is skipped.
    """
    suite = ET.Element("testsuite", name=_xml(report.table), timestamp=report.made_at.isoformat(timespec="seconds"))
    for demand in report.demands:
        case = ET.SubElement(suite, "testcase", classname=_xml(f"{report.table}.gate"), name=_xml(demand.what))
        if demand.state == "broken":
            ET.SubElement(case, "failure", message=_xml(demand.broken)).text = _xml(demand.broken)
        elif demand.state == "not judged":
            ET.SubElement(case, "skipped", message="there is no score to hold it against")
    for rule in report.rules:
        case = ET.SubElement(suite, "testcase", classname=_xml(f"{report.table}.rules"), name=_xml(rule.name))
        if not rule.assessed:
            ET.SubElement(case, "skipped", message="nothing was assessed")
        ET.SubElement(case, "system-out").text = _xml(_said(report, rule))
    counts = {"failures": len(list(suite.iter("failure"))), "skipped": len(list(suite.iter("skipped")))}
    suite.attrib.update({name: str(count) for name, count in {"tests": len(suite), "errors": 0, **counts}.items()})
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=False) + "\n"


def _data(report: TableReport) -> dict[str, Any]:
    score = report.score
    demands = [{**asdict(demand), "state": demand.state} for demand in report.demands]
    return {
        "table": report.table,
        "comment": report.comment,
        "made_at": report.made_at.isoformat(),
        "version": report.version,
        "score": score.score,
        "weakest": score.weakest.name if score.weakest else None,
        "rule_set": score.rule_set,
        "rows": score.rows,
        "rows_failed": score.rows_failed,
        "passed": not any(demand.broken for demand in report.demands),
        "policy": report.gate.policy.value if report.gate else None,
        "demands": demands,
        "dimensions": score.by_dimension,
        "columns": score.by_column,
        "rules": [
            {
                **asdict(rule),
                "not_applicable": report.not_applicable(rule),
                "score": rule.score,
                "cost": report.cost(rule),
            }
            for rule in report.rules
        ],
        "history": list(_history(report)),
        "bad_rows": None if report.bad_rows is None else [asdict(row) for row in report.bad_rows],
        "profile": None if report.profile is None else asdict(report.profile),
    }


def _history(report: TableReport) -> Iterator[dict[str, Any]]:
    for one in report.history:
        yield {
            "measured_at": one.measured_at.isoformat(),
            "run_id": one.run_id,
            "snapshot_id": one.snapshot_id,
            "rule_set": one.score.rule_set,
            "score": one.score.score,
            "rows": one.score.rows,
            "rows_failed": one.score.rows_failed,
        }


def _counts(report: TableReport, rule: RuleScore) -> list[str]:
    none = report.not_applicable(rule)
    return [
        rule.name, f"{rule.failed:,}", f"{rule.assessed:,}", "–" if none is None else f"{none:,}", percent(rule.score)
    ]  # fmt: skip


def _said(report: TableReport, rule: RuleScore) -> str:
    _, failed, assessed, none, hold = _counts(report, rule)
    counts = f"{failed} failed of {assessed} assessed, {none} not applicable; {hold} hold; severity {rule.severity}"
    return "\n".join(part for part in (counts, rule.detail, rule.because) if part)


def _why(rule: RuleScore) -> str:
    return "; ".join(part for part in (rule.detail, rule.because) if part)


def _share(least: float | None) -> str:
    return "" if least is None else percent(least)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *([_cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    """Keep a text in its cell, and as it is: no line break, nothing that Markdown or HTML would read as theirs."""
    return re.sub(r"([\\`*_\[\]<>|~#])", r"\\\1", " ".join(text.split()))


def _xml(text: str) -> str:
    """Replace the characters that XML cannot have, not even escaped."""
    return _NOT_XML.sub("\ufffd", text)
