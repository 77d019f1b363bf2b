"""Open the catalog of a configuration through PyIceberg, alone or together with a Spark session."""

from __future__ import annotations

from collections.abc import Mapping

from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import NotInstalledError
from pyspark.sql import SparkSession

from lakehouse.catalog.arrow_lake import ArrowLake
from lakehouse.catalog.aws_errors import aws_error
from lakehouse.catalog.environment import EnvironmentCatalog
from lakehouse.catalog.glue import adapt, glue_properties
from lakehouse.catalog.iceberg import Lake
from lakehouse.config import Settings
from lakehouse.config.paths import local_path, make_folder_of
from lakehouse.contract.engine import Engine
from lakehouse.errors import ConfigError, MissingExtraError


def open_catalog(settings: Settings) -> Catalog:
    """Open the catalog without Spark: publishing, inspection and serving need no JVM.

    In an environment of the settings it is that of production, of which nothing is written.

    Raises:
        ConfigError: The catalog cannot be opened as configured.
        AwsError: There is no region, or AWS refused something.
        MissingExtraError: The catalog's kind needs a library that is not installed.
    """
    make_folder_of(settings.catalog.uri)
    try:
        production = open_again(settings.catalog.name, pyiceberg_properties(settings))
    except (ImportError, NotInstalledError) as error:
        extra = {"sql": "local", "glue": "aws"}.get(settings.catalog.type, "local")
        raise MissingExtraError(extra=extra, needed_for=f"the {settings.catalog.type} catalog") from error
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"catalog {settings.catalog.name!r} ({settings.catalog.type}) cannot be opened: {error}"
        ) from error
    except Exception as error:
        if (of_aws := aws_error(error)) is None:
            raise
        raise of_aws from error
    return EnvironmentCatalog(production, settings.environment) if settings.environment else production


def open_again(name: str, properties: Mapping[str, str]) -> Catalog:
    """Open a catalog by its name and properties, as in another process that ``open_catalog`` has opened it in."""
    catalog = load_catalog(name, **properties)
    if properties.get("type") == "glue":
        adapt(catalog, warehouse=properties["warehouse"])
    return catalog


def pyiceberg_properties(settings: Settings) -> dict[str, str]:
    """Give a catalog's settings in PyIceberg's words; Spark gets the same from ``session.catalog_conf``."""
    catalog = settings.catalog
    if catalog.type == "glue":
        return {"type": "glue", "warehouse": catalog.warehouse, **glue_properties(catalog)}
    found = {"type": catalog.type, "warehouse": catalog.warehouse, **catalog.properties}
    if catalog.type == "sql":
        # Spark's jdbc catalog writes plain paths; PyIceberg takes both.
        found |= {"uri": local_path(catalog.uri), "warehouse": local_path(catalog.warehouse)}
        if "?" not in found["uri"] and found["uri"].startswith("sqlite:"):
            # Seconds to wait for other writers, as long as Spark's jdbc catalog does.
            found["uri"] += "?timeout=30"
    elif catalog.uri and catalog.type == "rest":
        found["uri"] = catalog.uri
    return found


def open_lake(settings: Settings, spark: SparkSession, catalog: Catalog | None = None) -> Lake:
    """Open the catalog for a session that ``make_session`` made from the same settings, or take one that is open."""
    opened, name = catalog or open_catalog(settings), settings.catalog.name
    if Engine(settings.session.engine) is Engine.SAIL:
        return ArrowLake(spark, opened, name, max_bytes=settings.session.sail_max_megabytes * 1_000_000)
    return Lake(spark, opened, name)
