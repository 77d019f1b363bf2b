"""Settings of what Snowflake is given, and of how it is asked."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from lakehouse.config.section import Section

# Upper case alone, for such a name means the same unquoted, quoted, and inside of a text: SYSTEM$VERIFY_… compares
# names letter by letter, where a statement folds them.
Name = Annotated[str, StringConstraints(pattern=r"^[A-Z_][A-Z0-9_]*$", max_length=200)]
Bucket = Annotated[str, StringConstraints(pattern=r"^(s3://[a-z0-9][a-z0-9-]{1,61}[a-z0-9](/[\w!.*()=-]+)*/)?$")]
"""An s3:// prefix that ends with a slash. An external volume takes no bucket with a dot in its name."""
Layer = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
LayerAndName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
Route = Literal["glue_rest", "glue", "s3_tables", "object_store", "linked", "export"]


class SnowflakeSettings(Section):
    """What the Snowflake statements are made with, and how they are sent."""

    route: Route = Field(
        "glue_rest",
        description="How Snowflake comes to the tables: Glue's REST endpoint, Glue itself, S3 Tables, metadata files, "
        "a database linked to the catalog, or external tables over exports",
    )
    layers: tuple[Layer, ...] = Field(("gold",), description="Namespaces that are published, such as gold, silver")
    database: Name = Field("LAKE", description="Database for the tables and views")
    linked_database: Name = Field("LAKE_LINKED", description="Of the route linked: the database that is the catalog")
    warehouse: Name = Field("LAKE_WH", description="Compute for readers, and for the checks")
    warehouse_size: Literal["XSMALL", "SMALL", "MEDIUM", "LARGE", "XLARGE"] = Field(
        "XSMALL", description="Of the warehouse"
    )
    suspend_seconds: int = Field(60, ge=60, le=86_400, description="Idle time until the warehouse is suspended")
    credits_a_month: int = Field(0, ge=0, description="Limit that suspends the warehouse; 0: no resource monitor")
    external_volume: Name = Field("LAKE_VOLUME", description="External volume over the lake's bucket")
    catalog_integration: Name = Field("LAKE_GLUE", description="Catalog integration of the route")
    storage_integration: Name = Field("LAKE_STORAGE", description="Storage integration over the exports")
    aws_region: str = Field("", description="Region of Glue and of the bucket", pattern=r"^([a-z]{2}(-[a-z]+)+-\d)?$")
    aws_account_id: str = Field("", description="Account of the Glue catalog", pattern=r"^(\d{12})?$")
    aws_role_arn: str = Field(
        "", description="Role that Snowflake assumes", pattern=r"^(arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+)?$"
    )
    storage_url: Bucket = Field("", description="s3:// prefix of the lake, with a slash at its end")
    export_url: Bucket = Field("", description="s3:// prefix of exports and of results, with a slash at its end")
    table_bucket_arn: str = Field(
        "", description="Of the route s3_tables: the table bucket", pattern=r"^(arn:aws[a-z-]*:s3tables:[\w:/-]+)?$"
    )
    sns_topic_arn: str = Field(
        "", description="Topic that tells of new exports; empty: none", pattern=r"^(arn:[^:]+:sns:[^:]+:\d+:[\w.-]+)?$"
    )
    external_id: str = Field(
        "lakehouse",
        description="Fixed, so that making things anew does not break the trust",
        min_length=2,
        max_length=1224,
        pattern=r"^[A-Za-z0-9_+=,.@:/-]+$",
    )
    refresh_seconds: int = Field(60, ge=30, le=86_400, description="How often Snowflake looks for new snapshots")
    masking: bool = Field(True, description="Mask what contracts mark as personal; policies need Enterprise edition")
    row_access: dict[str, str] = Field(
        {}, description="Table → column whose values a role has to be entitled to, to see the row"
    )
    dynamic_tables: dict[LayerAndName, str] = Field(
        {}, description="layer.name → SELECT over the views, that Snowflake keeps up by itself"
    )
    results: dict[LayerAndName, str] = Field(
        {}, description="Table of the lake → SELECT that Snowflake computes it by; `lakehouse unload` takes it"
    )
    managed_url: Bucket = Field(
        "",
        description="s3:// prefix beside the lake's where dynamic tables are Iceberg; empty: they are Snowflake's own",
    )
    managed_volume: Name = Field("LAKE_MANAGED", description="External volume over it, which Snowflake writes to")
    metric_minutes: Literal[0, 5, 15, 30, 60, 720, 1440] = Field(
        0, description="How often Snowflake measures the rules of contracts; 0: never. Needs Enterprise edition"
    )
    streams: tuple[str, ...] = Field((), description="Tables of which Snowflake notes the rows that come")
    lag_minutes: int = Field(5, ge=1, le=10_080, description="How far behind what Snowflake computes may be")
    account: str = Field("", description="Account identifier, as organisation-account")
    user: str = Field("", description="Who asks")
    role: Name = Field("SYSADMIN", description="Role that owns what is made")
    password: str = Field("", description="secret://env/NAME; one of password, private_key and token")
    private_key: str = Field("", description="secret://file/PATH of a PEM, or secret://env/NAME of its text")
    private_key_password: str = Field("", description="secret://… of the password of that key; empty: it has none")
    token: str = Field("", description="secret://… of an OAuth token")

    @model_validator(mode="after")
    def _secrets_are_references(self) -> SnowflakeSettings:
        # Of the section and not of the field: what is wrong with a field is told with its value.
        for name in ("password", "private_key", "private_key_password", "token"):
            value = getattr(self, name)
            if value and not value.startswith("secret://"):
                todo = f"write {name} = 'secret://env/NAME' and put it into that variable"
                raise PydanticCustomError("secret", f"snowflake.{name} is a secret and no place for one; {todo}")
        if self.managed_url and (
            self.managed_url.startswith(self.storage_url or "-") or self.storage_url.startswith(self.managed_url)
        ):
            what = (
                "snowflake.managed_url and snowflake.storage_url lie in each other: Snowflake would write to the lake"
            )
            raise PydanticCustomError("combination", what)
        given = [name for name in ("password", "private_key", "token") if getattr(self, name)]
        if len(given) > 1:
            what = f"snowflake.{' and snowflake.'.join(given)} are two ways to sign in: give one"
            raise PydanticCustomError("combination", what)
        return self
