"""Answers of OpenWeather's API as they arrive: what was observed in a place, or the forecast for it."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql.types import DoubleType, IntegerType, LongType, StringType

from lakehouse.contract import ArrayType, Column, KafkaRecord, MapType, Schema, StructType, doc, required, table


class Condition(Schema):
    """What the weather is called."""

    id: Annotated[Column[IntegerType], doc("OpenWeather's code of the condition, such as 501")]
    main: Annotated[Column[StringType], doc("Group of conditions: Clear, Clouds, Rain, Snow, …")]
    description: Column[StringType]
    icon: Annotated[Column[StringType], doc("OpenWeather's picture of it, such as 10d")]


class Coordinates(Schema):
    """A place on the globe."""

    lon: Annotated[Column[DoubleType], doc("Longitude", unit="degrees")]
    lat: Annotated[Column[DoubleType], doc("Latitude", unit="degrees")]


class Measured(Schema):
    """What thermometers and the like say."""

    temp: Annotated[Column[DoubleType], doc("Temperature", unit="K")]
    feels_like: Annotated[Column[DoubleType], doc("Temperature as people feel it", unit="K")]
    pressure: Annotated[Column[DoubleType], doc("Pressure of the air at sea level", unit="hPa")]
    humidity: Annotated[Column[DoubleType], doc("Relative humidity", unit="%")]


class Wind(Schema):
    """How the wind blows."""

    speed: Annotated[Column[DoubleType], doc("Speed", unit="m/s")]
    deg: Annotated[Column[DoubleType], doc("Where it comes from, from north over east", unit="degrees")]


class Clouds(Schema):
    """How much of the sky is covered."""

    all: Annotated[Column[DoubleType], doc("Share of the sky", unit="%")]


class Station(Schema):
    """Who measured."""

    type: Annotated[Column[IntegerType], doc("OpenWeather's own")]
    id: Annotated[Column[IntegerType], doc("OpenWeather's own")]
    country: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2")]


Fallen = MapType[StringType, DoubleType]
"""Millimetres that fell, by hours: ``1h`` or ``3h``."""


class Reading(Schema):
    """The weather of an instant, as both answers tell it."""

    weather: Annotated[Column[ArrayType[StructType[Condition]]], doc("Conditions, the main one first")]
    main: Column[StructType[Measured]]
    visibility: Annotated[Column[IntegerType], doc("How far one sees, at most 10,000", unit="m")]
    wind: Column[StructType[Wind]]
    clouds: Column[StructType[Clouds]]
    rain: Annotated[Column[Fallen], doc("Rain in the hours before, by their number", unit="mm")]
    snow: Annotated[Column[Fallen], doc("Snow in the hours before, as water, by their number", unit="mm")]


class Forecast(Reading):
    """The weather that is expected at an instant."""

    dt: Annotated[Column[LongType], required, doc("Instant, since 1970", unit="s")]
    dt_txt: Annotated[Column[StringType], doc("The same instant as text, in UTC")]


class City(Schema):
    """The place that a forecast is for."""

    id: Annotated[Column[LongType], required, doc("OpenWeather's number of the city")]
    name: Column[StringType]
    coord: Column[StructType[Coordinates]]
    country: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2")]
    timezone: Annotated[Column[IntegerType], doc("How far clocks there are ahead of UTC", unit="s")]


class WeatherAnswer(Reading):
    """One answer: of ``/weather``, or of ``/forecast``, which has a list and its city; or an error."""

    cod: Annotated[Column[StringType], doc("200, or the code of an error")]
    message: Annotated[Column[StringType], doc("Of an error: what went wrong")]
    id: Annotated[Column[LongType], doc("OpenWeather's number of the city")]
    name: Annotated[Column[StringType], doc("Name of the city")]
    coord: Column[StructType[Coordinates]]
    base: Annotated[Column[StringType], doc("OpenWeather's own")]
    sys: Column[StructType[Station]]
    timezone: Annotated[Column[IntegerType], doc("How far clocks there are ahead of UTC", unit="s")]
    dt: Annotated[Column[LongType], doc("Instant of the observation, since 1970", unit="s")]
    cnt: Annotated[Column[IntegerType], doc("Of a forecast: how many instants it has")]
    list: Annotated[Column[ArrayType[StructType[Forecast]]], doc("Of a forecast: its instants")]
    city: Annotated[Column[StructType[City]], doc("Of a forecast: where it is for")]


@table("bronze.weather_raw", partitioned_by=("days(ingested_at)", "dead_letter.reason"))
class WeatherRaw(KafkaRecord):
    """One row per Kafka record of the weather topic: an answer of the API, or a dead letter."""

    record: Annotated[Column[StructType[WeatherAnswer]], doc("The answer; null for a dead letter")]
