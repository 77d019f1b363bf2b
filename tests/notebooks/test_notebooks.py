"""The notebooks run from their first cell to their last, and are kept without what they printed."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.conftest import JARS

ROOT = Path(__file__).parent.parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks() -> None:
    assert [notebook.stem for notebook in NOTEBOOKS] == [
        "01_tour", "02_quality", "03_add_your_table", "04_time_travel_and_history", "05_users_insights"
    ]  # fmt: skip


def cells_of(notebook: Path) -> NotebookNode:
    read: NotebookNode = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    return read


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda one: one.stem)
def test_a_notebook_begins_with_a_title_and_holds_no_output(notebook: Path) -> None:
    cells = cells_of(notebook).cells
    assert cells[0].source.startswith("# ")
    assert [cell.id for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []
    assert str(ROOT) not in notebook.read_text()


@pytest.mark.slow  # a session and a lake for each
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda one: one.stem)
def test_a_notebook_runs(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
    # Where it looks for jars, ../.jars, are those that are there.
    (folder := tmp_path / "notebooks").mkdir()
    JARS.mkdir(exist_ok=True)
    (tmp_path / ".jars").symlink_to(JARS)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(cells_of(notebook), timeout=400, kernel_name="python3", resources=resources).execute()
