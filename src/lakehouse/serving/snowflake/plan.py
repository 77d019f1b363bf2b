"""All statements that make tables queryable in Snowflake, in the order in which they depend on each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.contract.table import TableSpec
from lakehouse.errors import ServingError
from lakehouse.serving.snowflake import account, checks, computed, external_table, iceberg_table, storage
from lakehouse.serving.snowflake.catalog_integration import catalog_integration
from lakehouse.serving.snowflake.grants import grants
from lakehouse.serving.snowflake.metric_functions import metrics
from lakehouse.serving.snowflake.policies import policies
from lakehouse.serving.snowflake.statement import Statement
from lakehouse.serving.snowflake.view import view

_NEEDED = {
    "glue_rest": ("aws_region", "aws_account_id", "aws_role_arn", "storage_url"),
    "glue": ("aws_region", "aws_account_id", "aws_role_arn", "storage_url"),
    "linked": ("aws_region", "aws_account_id", "aws_role_arn", "storage_url"),
    "s3_tables": ("aws_region", "table_bucket_arn", "aws_role_arn"),
    "object_store": ("aws_role_arn", "storage_url"),
    "export": ("aws_role_arn", "export_url"),
}
_OF_REST = ("glue_rest", "s3_tables", "linked")


def missing_settings(to: SnowflakeSettings) -> list[str]:
    """Give the settings that the route needs and that are not set."""
    return [f"snowflake.{name}" for name in _NEEDED[to.route] if not getattr(to, name)]


def statements(
    specs: Sequence[TableSpec], to: SnowflakeSettings, *, places: Mapping[str, str] | None = None
) -> tuple[Statement, ...]:
    """Give the statements for some tables. All can be run again; none drops or replaces what holds data.

    Args:
        specs: The tables; their namespaces are the layers.
        to: Where to, and by which route.
        places: By table its metadata file, of the route object_store, or the folder of its export from the stage on.

    Raises:
        ServingError: A table has what Snowflake does not, or a setting names what is not there.
    """
    for name in (*to.row_access, *to.streams):
        if name not in {spec.name for spec in specs}:
            raise ServingError(f"snowflake.row_access or snowflake.streams: {name} is not published; it needs a table")
    layers = list(dict.fromkeys(spec.namespace for spec in specs))
    found = [
        *_account(to, layers),
        *_access(to),
        *policies(to, specs),
        *_tables(to, specs, places or {}),
        *(view(to, spec) for spec in specs),
        *_computed(to, specs),
        *grants(to, layers),
        *_checks(to, specs, layers),
    ]
    return tuple(sorted(found, key=lambda one: one.step))


def render(found: Sequence[Statement], to: SnowflakeSettings) -> str:
    """Give the statements as one script that a person reviews; settings that are missing are listed at its top."""
    head = ["-- Derived from the contracts. It can be run again: nothing that holds data is replaced."]
    if missing := missing_settings(to):
        head.append(f"-- To be set before it is run: {', '.join(missing)}")
    return "\n".join(head) + "\n\n" + "\n".join(files_of(found).values())


def files_of(found: Sequence[Statement]) -> dict[str, str]:
    """Give the statements as files, ``00_account.sql`` to ``90_checks.sql``, by name."""
    return {
        f"{step:02d}_{step.name.lower()}.sql": "".join(f"-- {s.kind}: {s.name}\n{s.sql}\n\n" for s in of_step)
        for step, of_step in groupby(found, key=lambda one: one.step)
    }


def _account(to: SnowflakeSettings, layers: Sequence[str]) -> Iterator[Statement]:
    yield account.database(to)
    for layer in layers:
        yield account.schema(account.layer_schema(to, layer), comment=f"Views of {layer}, for people")
        if to.route != "linked":
            yield account.schema(account.table_schema(to, layer), comment=f"Tables of {layer}, below the views")
    yield account.schema(account.governance(to), comment="Policies, tags, and who sees which rows")
    if to.export_url or to.route == "export":
        yield account.schema(f"{to.database}.{account.EXPORTS}", comment="Exports of the lake, and results for it")
    yield account.warehouse(to)
    if to.credits_a_month:
        yield account.resource_monitor(to)
        yield account.limited(to)


def _access(to: SnowflakeSettings) -> Iterator[Statement]:
    if to.export_url or to.route == "export":
        yield storage.storage_integration(to)
        yield storage.file_format(to)
        yield storage.stage(to)
    if to.managed_url:
        yield storage.managed_volume(to)
    if to.route == "export":
        return
    if to.route != "s3_tables":
        yield storage.external_volume(to)
    yield catalog_integration(to)


def _tables(to: SnowflakeSettings, specs: Sequence[TableSpec], places: Mapping[str, str]) -> Iterator[Statement]:
    if to.route == "linked":
        yield iceberg_table.linked_database(to)
        return
    for spec in specs:
        place = places.get(spec.name, "")
        if to.route == "export":
            yield external_table.external_table(to, spec, place)
        elif to.route == "object_store":
            yield iceberg_table.from_metadata(to, spec, place)
        else:
            yield iceberg_table.from_catalog(to, spec)


def _computed(to: SnowflakeSettings, specs: Sequence[TableSpec]) -> Iterator[Statement]:
    yield from (computed.dynamic_table(to, name, query) for name, query in to.dynamic_tables.items())
    yield from (computed.new_rows(to, spec) for spec in specs if spec.name in to.streams)
    if to.metric_minutes and to.route not in {"export", "linked"}:
        for spec in specs:
            yield from metrics(to, spec)
    if to.route == "export" and not to.sns_topic_arn:
        for spec in specs:
            yield from computed.refresh_task(to, spec)


def _checks(to: SnowflakeSettings, specs: Sequence[TableSpec], layers: Sequence[str]) -> Iterator[Statement]:
    if to.export_url or to.route == "export":
        yield checks.storage_is_open(to)
    if to.managed_url:
        yield checks.volume_is_open(to.managed_volume)
    if to.route not in {"export", "s3_tables"}:
        yield checks.volume_is_open(to.external_volume)
    if to.route in _OF_REST:
        yield checks.catalog_is_open(to)
        yield from (checks.tables_of(to, layer) for layer in layers)
    if to.route == "linked":
        yield checks.link_status(to)
    if to.route not in {"export", "object_store"}:
        yield from (checks.refresh_status(to, spec) for spec in specs)
    if to.route != "export":
        yield from (checks.table_information(to, spec) for spec in specs)
