"""``lakehouse contract import`` and ``check`` as a person uses them. No session is started."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.schema import Schema
from pyiceberg.types import DoubleType, NestedField, StringType
from typer.testing import Result

from lakehouse.config.settings import CatalogSettings
from tests.cli.command_line import lakehouse

CONTRACT = """
from typing import Annotated
from lakehouse import Column, Schema, doc, required, table
from pyspark.sql.types import DoubleType, StringType

@table("shop.{name}", external=True)
class Weights(Schema):
    parcel: Annotated[Column[StringType], required, doc("Number on the label")]
    weight: Annotated[Column[DoubleType], doc("Weight", unit="kg")]
{more}
"""


class Place:
    """A catalog with one table that something else has made, and the command line in a folder of packages."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name, self.folder, self.package = name, folder, name
        self.catalog: Catalog = load_catalog(
            "lake", type="sql", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}/warehouse"
        )
        self.catalog.create_namespace("shop")
        label = NestedField(1, "parcel", StringType(), required=True, doc="Number on the label")
        weight = NestedField(2, "weight", DoubleType(), required=False, doc="Weight [kg]")
        self.table = self.catalog.create_table(f"shop.{name}", Schema(label, weight))
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("")

    def __call__(self, *arguments: str, code: int = 0) -> Result:
        there = CatalogSettings(uri=f"sqlite:///{self.folder}/catalog.db", warehouse=f"{self.folder}/warehouse")
        result = lakehouse("contract", *arguments, package=self.package, catalog=there)
        assert result.exit_code == code, result.output
        return result

    def declare(self, more: str = "", **changed: str) -> None:
        text = CONTRACT.format(name=self.name, more=more)
        for old, new in changed.items():
            text = text.replace(old, new)
        self.package = f"{self.name}_{len(list(self.folder.glob('*.py')))}"
        (self.folder / f"{self.package}.py").write_text(text)

    def facts(self, code: int = 0) -> Any:
        (found,) = json.loads(self("check", "--json", code=code).stdout)
        return found


@pytest.fixture
def place(tmp_path: Path, unique: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    made = Place(tmp_path, unique)
    yield made
    made.catalog.close()


def test_what_is_imported_into_a_package_has_no_drift(place: Place) -> None:
    place("import", f"shop.{place.name}", "--package", place.name)
    text = (place.folder / place.name / f"shop_{place.name}.py").read_text()
    assert 'weight: Annotated[Column[DoubleType], doc("Weight", unit="kg")]' in text
    assert "external=True" in text
    assert place.facts()["fit"] == "as declared"


def test_a_file_that_is_there_is_overwritten_by_force_alone(place: Place) -> None:
    out = place.folder / "mine.py"
    out.write_text("mine")
    assert (
        "exists; give another file, or --force"
        in place("import", f"shop.{place.name}", "--out", "mine.py", code=3).output
    )
    assert out.read_text() == "mine"
    place("import", f"shop.{place.name}", "--out", "mine.py", "--force")
    assert "class" in out.read_text()


def test_a_table_that_is_not_there_is_refused_with_those_that_are(place: Place) -> None:
    assert f"there is shop.{place.name}" in " ".join(place("import", "shop.other", code=3).output.split())
    assert "its namespaces are shop" in " ".join(place("import", "silver.other", code=3).output.split())


def test_a_package_that_cannot_be_imported_is_refused(place: Place) -> None:
    output = place("import", f"shop.{place.name}", "--package", "nowhere", code=3).output
    assert "--package nowhere is no package" in output


def test_a_column_that_cannot_be_declared_is_told_on_standard_error(place: Place) -> None:
    with place.table.update_schema() as update:
        update.add_column("Box Size", StringType())
    result = place("import", f"shop.{place.name}")
    assert "not declared: Box Size (string): names of a contract are lower case" in result.stderr
    assert "such as to box_size" in result.stdout
    place("import", f"shop.{place.name}", "--package", place.name)
    assert place.facts()["fit"] == "as declared"


def test_a_column_that_others_have_added_is_drift_and_nobody_is_told_to_drop_it(place: Place) -> None:
    with place.table.update_schema() as update:
        update.add_column("colour", StringType())
    place.declare()
    assert place.facts(code=1)["refused"] == ["colour: in the table, not in the contract"]


def test_drift_is_told_and_has_an_exit_code_of_its_own(place: Place) -> None:
    place.declare(more="    colour: Column[StringType]\n", **{'"Weight"': '"Weight in all"'})
    found = place.facts(code=1)
    assert found["fit"] == "drifts"
    assert [one.split(f"{place.name}` ")[1] for one in found["statements"]] == [
        "ALTER COLUMN `weight` COMMENT 'Weight in all [kg]'",
        "ADD COLUMN `colour` string",
    ]


def test_what_the_contract_is_silent_on_is_drift_too(place: Place) -> None:
    with place.table.transaction() as change:
        change.set_properties({"write.format.default": "orc"})
    place.declare()
    assert place.facts(code=1)["unsaid"] == ["properties: the table has write.format.default=orc, the contract nothing"]


def test_a_table_that_cannot_be_read_as_declared_is_more_than_drift(place: Place) -> None:
    place.declare(**{"Column[DoubleType]": "Column[StringType]"})
    output = place("check", code=3).output
    assert max(map(len, output.splitlines())) <= 80
    assert f"! shop.{place.name:<27}  does not fit; something else fills it" in output.splitlines()
    assert "! weight: declared string, found double" in output


def test_an_external_table_that_is_not_there_is_drift(place: Place) -> None:
    place.catalog.drop_table(f"shop.{place.name}")
    place.declare()
    assert place.facts(code=1)["fit"] == "not there yet"
