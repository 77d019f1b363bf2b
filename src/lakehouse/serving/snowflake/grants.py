"""Who reads what: a role for each layer, and one that sees what is personal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lakehouse.config.snowflake import SnowflakeSettings
from lakehouse.serving.snowflake.account import layer_schema
from lakehouse.serving.snowflake.policies import personal_role
from lakehouse.serving.snowflake.statement import Statement, Step
from lakehouse.snowflake.names import literal


def reader_role(to: SnowflakeSettings, layer: str) -> str:
    """Give the role that reads the views of a layer."""
    return f"{to.database}_{layer.upper()}_READ"


def grants(to: SnowflakeSettings, layers: Sequence[str]) -> Iterator[Statement]:
    """Give the roles and what each may: the views of its layer, those to come too, and the warehouse.

    Nobody is granted the tables below the views, where no policy stands. Each role is granted to the owner of all,
    so that none is left without one who can grant it on.
    """
    yield _role(personal_role(to), "Sees personal values where contracts mark them")
    yield _grant(f"ROLE {personal_role(to)}", to.role)
    for layer in layers:
        role, schema = reader_role(to, layer), layer_schema(to, layer)
        yield _role(role, f"Reads the views of {layer}")
        for what in (
            f"USAGE ON DATABASE {to.database}",
            f"USAGE ON SCHEMA {schema}",
            f"SELECT ON ALL VIEWS IN SCHEMA {schema}",
            f"SELECT ON FUTURE VIEWS IN SCHEMA {schema}",
            f"SELECT ON ALL DYNAMIC TABLES IN SCHEMA {schema}",
            f"SELECT ON FUTURE DYNAMIC TABLES IN SCHEMA {schema}",
            f"USAGE ON WAREHOUSE {to.warehouse}",
        ):
            yield _grant(what, role)
        yield _grant(f"ROLE {role}", to.role)


def _role(name: str, comment: str) -> Statement:
    sql = f"CREATE ROLE IF NOT EXISTS {name} COMMENT = {literal(comment)};"
    return Statement(step=Step.GRANTS, kind="role", name=name, sql=sql, shown_by=f"SHOW ROLES LIKE {literal(name)}")


def _grant(what: str, role: str) -> Statement:
    kind = "grant of a role" if what.startswith("ROLE ") else "grant"
    return Statement(step=Step.GRANTS, kind=kind, name=role, sql=f"GRANT {what} TO ROLE {role};")
