"""Weather by city and hour, in SI units and °C: what was observed, else what was forecast last."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql import Column as SparkColumn
from pyspark.sql import functions as F
from pyspark.sql.types import (
    BooleanType,
    DateType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    TimestampType,
)

from lakehouse.contract import Column, DataSet, Rows, Scored, build, conform, doc, table
from lakehouse.domains.weather.bronze import WeatherRaw
from lakehouse.quality import Between, CountryCode, Holds, NotNull, Unique
from lakehouse.transforms.text import squeeze

NOWHERE = 0
"""The place of an answer that tells of none, such as an error."""
_FREEZING = 273.15
_COLDEST = 150.0
"""Below it [K] is no weather: the answer was asked for in °C or °F, which it does not say."""
_READING = ("dt", "weather", "main", "wind", "clouds", "rain", "snow")


@table(
    "silver.weather_hourly",
    key=("place_id", "hour"),
    newest_by=("is_observed", "told_at", "source_partition", "source_offset"),
    partitioned_by=("months(hour)",),
    rules=(
        Unique("place_id", "hour"),
        Holds("place_is_known", f"place_id <> {NOWHERE}", because="The answer is an error, and tells of no place"),
    ),
)
class WeatherHourly(Scored):
    """One row per city and hour: what was observed, or the newest forecast where nothing was.

    An answer that is an error is a row of the place 0, in the hour in which it came.
    """

    place_id: Annotated[Column[LongType], doc("OpenWeather's number of the city; 0 where none is told")]
    hour: Annotated[Column[TimestampType], doc("Beginning of the hour", unit="UTC")]
    city: Annotated[Column[StringType], doc("Name of the city"), NotNull()]
    country_code: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2"), NotNull(), CountryCode()]
    local_day: Annotated[Column[DateType], doc("Day by the clocks of the city")]
    local_hour: Annotated[Column[IntegerType], doc("Hour by the clocks of the city, 0 to 23", unit="h")]
    is_observed: Annotated[Column[BooleanType], doc("Whether it was observed; else forecast"), NotNull()]
    condition: Annotated[Column[StringType], doc("Group of conditions: clear, clouds, rain, snow, …"), NotNull()]
    description: Annotated[Column[StringType], doc("What the weather is called")]
    temperature: Annotated[
        Column[DoubleType], doc("Temperature; null where it was told in other units than kelvin", unit="°C"),
        NotNull(), Between(-90, 60),
    ]  # fmt: skip
    feels_like: Annotated[Column[DoubleType], doc("Temperature as people feel it", unit="°C")]
    pressure: Annotated[Column[DoubleType], doc("Of the air at sea level", unit="hPa"), Between(850, 1100)]
    humidity: Annotated[Column[DoubleType], doc("Relative humidity", unit="%"), Between(0, 100)]
    wind_speed: Annotated[Column[DoubleType], doc("Speed of the wind", unit="m/s"), Between(0, 120)]
    cloud_cover: Annotated[Column[DoubleType], doc("Share of the sky", unit="%"), Between(0, 100)]
    rain: Annotated[Column[DoubleType], doc("Rain; 0 where none is told", unit="mm/h"), Between(0, 500)]
    snow: Annotated[Column[DoubleType], doc("Snow, as water; 0 where none is told", unit="mm/h"), Between(0, 500)]
    told_at: Annotated[Column[TimestampType], doc("Instant of the observation, or of the Kafka record", unit="UTC")]
    source_partition: Annotated[Column[IntegerType], doc("Kafka partition of the record")]
    source_offset: Annotated[Column[LongType], doc("Kafka offset of the record")]


@build(follows=Rows())
def weather_hourly(raw: DataSet[WeatherRaw]) -> DataSet[WeatherHourly]:
    """Take each instant out of its answer; of those of an hour of a city the table keeps one."""
    observed = F.array(F.struct(*(F.col(f"record.{name}").alias(name) for name in _READING)))
    forecast = F.transform("record.list", lambda one: F.struct(*(one[name].alias(name) for name in _READING)))
    told = raw.withColumns({"now": F.explode(F.coalesce(forecast, observed)), "at": F.col("kafka_timestamp")})
    instant = F.coalesce(F.timestamp_seconds("now.dt"), F.col("at"))
    zone = F.coalesce("record.city.timezone", "record.timezone", F.lit(0))
    # In a session in UTC, as ours are, an instant moved by the zone shows what the clocks there show.
    local = instant + F.make_interval(secs=zone)
    is_observed = F.col("record.list").isNull()
    columns = told.select(
        F.coalesce("record.city.id", "record.id", F.lit(NOWHERE).cast("bigint")).alias("place_id"),
        F.date_trunc("hour", instant).alias("hour"),
        squeeze(F.coalesce("record.city.name", "record.name")).alias("city"),
        F.upper(squeeze(F.coalesce("record.city.country", "record.sys.country"))).alias("country_code"),
        local.cast("date").alias("local_day"),
        F.hour(local).alias("local_hour"),
        is_observed.alias("is_observed"),
        F.lower(F.get("now.weather", F.lit(0))["main"]).alias("condition"),
        F.get("now.weather", F.lit(0))["description"].alias("description"),
        _celsius("temp").alias("temperature"),
        _celsius("feels_like").alias("feels_like"),
        F.col("now.main.pressure").alias("pressure"),
        F.col("now.main.humidity").alias("humidity"),
        F.col("now.wind.speed").alias("wind_speed"),
        F.col("now.clouds.all").alias("cloud_cover"),
        _hourly("rain").alias("rain"),
        _hourly("snow").alias("snow"),
        F.when(is_observed, instant).otherwise(F.col("at")).alias("told_at"),
        F.col("partition").alias("source_partition"),
        F.col("offset").alias("source_offset"),
    )
    return conform(columns, WeatherHourly)


def _celsius(name: str) -> SparkColumn:
    kelvin = F.col(f"now.main.{name}")
    return F.when(kelvin >= _COLDEST, F.round(kelvin - _FREEZING, 2))


def _hourly(name: str) -> SparkColumn:
    """Give what fell in an hour, on average of those that are told."""
    fallen = F.col(f"now.{name}")
    return F.coalesce(F.try_element_at(fallen, F.lit("1h")), F.try_element_at(fallen, F.lit("3h")) / 3, F.lit(0.0))
