"""Weather by day, and what was sold in it."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql import Column as SparkColumn
from pyspark.sql import functions as F
from pyspark.sql.types import DateType, DoubleType, LongType, StringType

from lakehouse.contract import Column, DataSet, Groups, Schema, build, conform, doc, table
from lakehouse.domains.orders.gold_facts import UNKNOWN, FactOrders, Total
from lakehouse.domains.weather.silver import NOWHERE, WeatherHourly
from lakehouse.quality import Holds, NotNull, OneOf

SKIES = ("snow", "rain", "cloudy", "clear")
_WET = 1.0
"""Millimetres a day from which a day is one of rain or snow, as meteorologists count them."""
_COVERED = 50.0


@table("gold.weather_daily", key=("place_id", "day"), rules=(Holds("coldest_below_warmest", "coldest <= warmest"),))
class WeatherDaily(Schema):
    """What was the weather of a city on a day? One row per city and day of its own clocks."""

    place_id: Annotated[Column[LongType], doc("OpenWeather's number of the city")]
    day: Annotated[Column[DateType], doc("Day by the clocks of the city")]
    city: Annotated[Column[StringType], doc("Name of the city"), NotNull()]
    country_code: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2"), NotNull()]
    hours: Annotated[Column[LongType], doc("Hours that are told of", unit="h"), NotNull()]
    observed_hours: Annotated[Column[LongType], doc("Those of them that were observed", unit="h"), NotNull()]
    coldest: Annotated[Column[DoubleType], doc("Lowest temperature", unit="°C")]
    warmest: Annotated[Column[DoubleType], doc("Highest temperature", unit="°C")]
    mean: Annotated[Column[DoubleType], doc("Mean temperature of the hours", unit="°C")]
    rain: Annotated[Column[DoubleType], doc("Rain, as if all hours were like those told of", unit="mm"), NotNull()]
    snow: Annotated[Column[DoubleType], doc("Snow as water, likewise", unit="mm"), NotNull()]
    cloud_cover: Annotated[Column[DoubleType], doc("Mean share of the sky", unit="%")]
    sky: Annotated[Column[StringType], doc(f"One of {', '.join(SKIES)}"), NotNull(), OneOf(*SKIES)]


@build(follows=Groups("place_id", "day", hourly={"place_id": "place_id", "day": "local_day"}))
def weather_daily(hourly: DataSet[WeatherHourly]) -> DataSet[WeatherDaily]:
    """Put the hours of each day together."""
    known = hourly.where(F.col("place_id") != NOWHERE)
    days = known.groupBy("place_id", F.col("local_day").alias("day")).agg(
        F.max("city").alias("city"),
        F.max("country_code").alias("country_code"),
        F.count("*").alias("hours"),
        F.count_if("is_observed").alias("observed_hours"),
        F.min("temperature").alias("coldest"),
        F.max("temperature").alias("warmest"),
        F.round(F.avg("temperature"), 2).alias("mean"),
        F.round(F.avg("rain") * 24, 2).alias("rain"),
        F.round(F.avg("snow") * 24, 2).alias("snow"),
        F.round(F.avg("cloud_cover"), 1).alias("cloud_cover"),
    )
    return conform(days.withColumn("sky", _sky()), WeatherDaily)


@table("gold.revenue_by_weather", key=("country_code", "sky", "currency"))
class RevenueByWeather(Schema):
    """Do people of a country order more when it rains there?

    One row per country of the customer, sky and currency; the weather of a country is the mean of its cities. A day of
    the orders is one of UTC, a day of the weather one of the clocks there. Where it is not known where a customer
    lives, or what the weather was there, the sky is ``unknown``: no order is lost.
    """

    country_code: Annotated[Column[StringType], doc("ISO 3166-1 alpha-2 of the customer, or unknown")]
    sky: Annotated[Column[StringType], doc(f"One of {', '.join(SKIES)}, or unknown")]
    currency: Annotated[Column[StringType], doc("ISO 4217, or unknown")]
    days: Annotated[Column[LongType], doc("Days of that sky with an order", unit="days"), NotNull()]
    orders: Annotated[Column[LongType], doc("Orders that were placed", unit="orders"), NotNull()]
    net_amount: Annotated[Column[Total], doc("Sold less returned", unit="currency"), NotNull()]
    mean_temperature: Annotated[Column[DoubleType], doc("Mean over the orders", unit="°C")]


@build
def revenue_by_weather(orders: DataSet[FactOrders], weather: DataSet[WeatherDaily]) -> DataSet[RevenueByWeather]:
    """Join the orders of each country and day to the weather there, and add them up by the sky."""
    there = weather.groupBy(F.col("country_code").alias("customer_country"), "day").agg(
        *(F.avg(name).alias(name) for name in ("mean", "rain", "snow", "cloud_cover"))
    )
    # Nothing is unknown of a country and day that are told of.
    joined = orders.join(F.broadcast(there.withColumn("sky", _sky())), ["customer_country", "day"], "left")
    sums = joined.groupBy(
        F.coalesce("customer_country", F.lit(UNKNOWN)).alias("country_code"),
        F.coalesce("sky", F.lit(UNKNOWN)).alias("sky"),
        "currency",
    ).agg(
        F.count_distinct("day").alias("days"),
        F.count("*").alias("orders"),
        F.sum("net_amount").alias("net_amount"),
        F.round(F.avg("mean"), 2).alias("mean_temperature"),
    )
    return conform(sums, RevenueByWeather)


def _sky() -> SparkColumn:
    """Name a day by what fell, else by its clouds."""
    snow, rain = F.col("snow"), F.col("rain")
    wet = F.when((snow >= _WET) & (snow >= rain), "snow").when(rain >= _WET, "rain")
    return wet.when(F.col("cloud_cover") >= _COVERED, "cloudy").otherwise("clear")
