"""All settings, with their defaults. Frozen; an unknown key is refused."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from lakehouse.config.secrets import resolve_secret
from lakehouse.config.section import Section
from lakehouse.config.snowflake import SnowflakeSettings


def _as_word(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Words = dict[str, Annotated[str, BeforeValidator(_as_word)]]
"""Settings of Spark, Kafka or Iceberg: they take text, but a file may say 4 or true."""


class CatalogSettings(Section):
    """The Iceberg catalog. Local places may be relative to the working directory."""

    name: str = Field("lake", description="Name in SQL: lake.silver.users")
    type: Literal["sql", "glue", "rest"] = Field("sql", description="sql: an SQLite file; glue; rest")
    uri: str = Field("sqlite:///.lake/catalog.db", description="Address; not used by glue")
    warehouse: str = Field(".lake/warehouse", description="Folder or s3:// prefix of new tables")
    properties: Words = Field({}, description="Further catalog properties, for Spark and PyIceberg")


class SessionSettings(Section):
    """The Spark session."""

    engine: Literal["spark", "sail"] = Field(
        "spark", description="sail: builds of small data without a JVM; what it cannot do as Spark does is refused"
    )
    app_name: str = Field("lakehouse", description="Name in Spark's pages")
    master: str | None = Field(None, description="local[2] on a laptop; empty or not set: what the cluster says")
    driver_memory: str = Field("2g", description="Only where the library starts the JVM itself")
    conf: Words = Field({}, description="Further Spark settings")
    sail_max_megabytes: int = Field(
        500, gt=0, description="sail: largest input, in its files; Arrow takes about five times that of memory"
    )


class KafkaSettings(Section):
    """The Kafka cluster."""

    bootstrap_servers: str = Field("", description="host:port, …; empty: the local broker")
    options: Words = Field({}, description="Client properties; values may be secret://env/NAME")

    def resolved_options(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Give the client properties with their secrets; not for showing."""
        return {name: resolve_secret(value, environ=environ) for name, value in self.options.items()}


class StreamSettings(Section):
    """A topic that fills a bronze table."""

    topic: str = Field("", description="Kafka topic, or several with commas")
    topic_pattern: str = Field("", description="Instead of topic: a regular expression over whole names")
    checkpoint: str | None = Field(None, description="Folder or s3:// prefix; not set: .lake/checkpoints/<table>")
    starting_offsets: str = Field("earliest", description="For a new checkpoint: earliest or latest")
    max_offsets_per_trigger: int = Field(500_000, gt=0, description="Most records of a batch")
    max_record_bytes: int = Field(1_000_000, gt=0, description="Longer records become dead letters, unparsed")
    offsets_are_dense: bool = Field(True, description="false: compacted, or written in transactions")
    routes: dict[str, str] = Field({}, description="Further bronze table → SQL over the Kafka record")
    merges: tuple[str, ...] = Field(
        (), description="Tables that each batch is merged into, by the builds that make them"
    )
    format: Literal["json", "avro", "json-schema"] = Field(
        "json", description="avro and json-schema: each message begins with the id of its schema in a registry"
    )
    subject: str = Field("", description="Of the registry, for avro; empty: <topic>-value")
    unknown_schema: Literal["wait", "dead_letter"] = Field(
        "wait", description="avro: what becomes of a message whose schema the registry does not have"
    )
    envelope: Literal["none", "debezium"] = Field("none", description="debezium: messages are changes of rows")
    drift_sample: int = Field(
        200, ge=0, le=10_000, description="JSON: messages of a batch that are searched for undeclared fields; 0: none"
    )

    @model_validator(mode="after")
    def _one_of_topic_and_pattern(self) -> StreamSettings:
        if bool(self.topic) == bool(self.topic_pattern):
            raise PydanticCustomError("combination", "a stream has either a topic or a topic_pattern")
        return self

    @model_validator(mode="after")
    def _of_the_format(self) -> StreamSettings:
        only = {"subject": ("avro",), "unknown_schema": ("avro",), "drift_sample": ("json", "json-schema")}
        for name, formats in only.items():
            if name in self.model_fields_set and self.format not in formats:
                what = (
                    f"{name} is for the format {' or '.join(formats)}, and the format of this stream is {self.format}"
                )
                raise PydanticCustomError("combination", what)
        if self.format == "avro" and not self.subject and (self.topic_pattern or "," in self.topic):
            what = "a stream of several topics has no default subject; name one whose schemas are fetched at the start"
            raise PydanticCustomError("incomplete", what)
        return self


class RegistrySettings(Section):
    """The schema registry of the streams whose format is avro."""

    url: str = Field("", description="Address with its path, such as https://host/apis/ccompat/v7")
    auth: str = Field("", description="secret://env/NAME of user:password, or of a token; empty: none is needed")
    auth_type: Literal["basic", "bearer"] = Field("basic", description="What auth is")
    wait_seconds: float = Field(600, ge=0, description="How long a stream waits for it before it stops")

    @model_validator(mode="after")
    def _without_secrets(self) -> RegistrySettings:
        # Of the section and not of the field: what is wrong with a field is told with its value.
        if self.auth and not self.auth.startswith("secret://"):
            todo = "write auth = 'secret://env/NAME' and put user:password or the token into that variable"
            raise PydanticCustomError("secret", f"registry.auth is a secret and no place for one; {todo}")
        if "@" in self.url.partition("://")[2].partition("/")[0]:
            raise PydanticCustomError("secret", "registry.url has a user in it: say it with registry.auth")
        return self

    def authorization(self, environ: Mapping[str, str]) -> str:
        """Give the value of the header of that name; not for showing."""
        secret = resolve_secret(self.auth, environ=environ)
        if self.auth_type == "bearer":
            return f"Bearer {secret}"
        return f"Basic {b64encode(secret.encode()).decode()}"


Score = Annotated[float, Field(ge=0, le=1)]


class QualitySettings(Section):
    """What a publish demands."""

    minimum_score: Score = Field(0.9, description="Least score of a table, 0 to 1")
    tables: dict[str, Score] = Field({}, description="Least score by table")
    rule_files: tuple[str, ...] = Field((), description="Files of rules beside those in contracts: TOML or YAML")

    def minimum_for(self, table: str, declared: float | None = None) -> float:
        """Give the least score of a table: by table here, else what its contract declares, else that of all."""
        return self.tables.get(table, self.minimum_score if declared is None else declared)


class PublishSettings(Section):
    """Which publishes of a table are kept from expiry, to read them or to roll back to them."""

    keep_days: int = Field(30, gt=0, le=36_500, description="How long a publish is kept")
    keep_count: int = Field(20, gt=0, le=10_000, description="How many of a table are kept at most")


class LeaseSettings(Section):
    """How runs that are at work on the same table wait for each other."""

    seconds: float = Field(120, ge=1, le=86_400, description="Until the lease of a run that was killed ends by itself")
    wait_seconds: float = Field(600, ge=0, description="How long a run waits for another one; --wait says it for one")


class PlanSettings(Section):
    """What a plan reckons with."""

    price_per_hour: float = Field(
        0.0, ge=0, allow_inf_nan=False, description="Of the cluster that builds; 0: no cost is shown"
    )
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$", description="Of the price, as ISO 4217 has it")


class AlertSettings(Section):
    """Who is told when a gate refuses rows, or a publish is unusual."""

    channels: tuple[Literal["log", "webhook", "sns"], ...] = Field((), description="Where to: log, webhook, sns")
    webhook_url: str = Field("", description="secret://env/NAME of an address that takes JSON as Slack does")
    sns_topic_arn: str = Field("", description="Topic of Amazon SNS", pattern=r"^(arn:[^:]+:sns:[^:]+:\d+:[^:]+)?$")
    anomalies: bool = Field(True, description="Also what is unusual about the newest publish")

    @model_validator(mode="after")
    def _complete(self) -> AlertSettings:
        for channel, name in (("webhook", "webhook_url"), ("sns", "sns_topic_arn")):
            if channel in self.channels and not getattr(self, name):
                what = f"the channel {channel!r} needs alerts.{name}, which is not set"
                raise PydanticCustomError("incomplete", what)
        # Of the section and not of the field: what is wrong with a field is told with its value.
        if self.webhook_url and not self.webhook_url.startswith("secret://"):
            todo = "write webhook_url = 'secret://env/NAME' and put the address into that variable"
            raise PydanticCustomError("secret", f"alerts.webhook_url is a secret and no place for one; {todo}")
        return self


class LocalSettings(Section):
    """The embedded stack of a laptop."""

    folder: str = Field(".lake", description="Broker data")
    jars: str = Field(".jars", description="JVM jars that Ivy resolves")
    build: str = Field("build", description="Reports and run.json")
    topic: str = Field("users", description="Topic of the sample")
    sample_seed: int = Field(7, description="The same seed makes the same bytes")
    sample_count: int = Field(100_000, gt=0, description="Messages of the sample")
    customer_topic: str = Field("customers", description="Topic of the sample of a shop's customers")
    customer_count: int = Field(4_000, gt=0, description="Messages of that sample: a fifth of those of orders, or more")
    order_topic: str = Field("orders", description="Topic of the sample of a shop's orders")
    order_count: int = Field(20_000, gt=0, description="Messages of that sample")
    weather_topic: str = Field("weather", description="Topic of the sample of the weather")
    weather_count: int = Field(11_000, gt=0, description="Messages of that sample: 210 for each day")


class WarehouseSettings(Section):
    """The local warehouse."""

    duckdb: str = Field(".lake/warehouse.duckdb", description="DuckDB file with views over silver and gold")


class AthenaSettings(Section):
    """Where statements to Athena run; their region is that of the catalog."""

    workgroup: str = Field("primary", description="Its limits hold, and its place of results unless output is set")
    output: str = Field("", description="s3:// prefix of results; empty: that of the workgroup")


class Settings(Section):
    """Everything that a command can be told."""

    packages: tuple[str, ...] = Field((), description="Python packages with contracts and builds")
    catalog: CatalogSettings = CatalogSettings()
    session: SessionSettings = SessionSettings()
    kafka: KafkaSettings = KafkaSettings()
    streams: dict[str, StreamSettings] = Field({}, description='By table: [streams."bronze.users_raw"]')
    registry: RegistrySettings = RegistrySettings()
    quality: QualitySettings = QualitySettings()
    publish: PublishSettings = PublishSettings()
    leases: LeaseSettings = LeaseSettings()
    plan: PlanSettings = PlanSettings()
    alerts: AlertSettings = AlertSettings()
    local: LocalSettings = LocalSettings()
    warehouse: WarehouseSettings = WarehouseSettings()
    athena: AthenaSettings = AthenaSettings()
    snowflake: SnowflakeSettings = SnowflakeSettings()
    environment: str = Field("", description="Write to tables of one's own: dev; empty: production")
    environments: dict[str, dict[str, Any]] = Field({}, description="By environment: settings over those of files")

    @model_validator(mode="after")
    def _registry_is_named(self) -> Settings:
        needing = [table for table, stream in self.streams.items() if stream.format == "avro"]
        if needing and not self.registry.url:
            what = f"the stream into {needing[0]} has the format avro, which needs registry.url"
            raise PydanticCustomError("incomplete", what)
        return self
