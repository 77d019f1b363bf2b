"""The whole path from Kafka to gold by hand: stream, flatten, newest by a window, score columns, three gold tables.

No contracts, no audit branch, no score of a table. What could not be parsed is kept as text beside what could.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from benchmarks.reference.quality_violations import EMAIL, UUID

_MESSAGE = """
gender string,
name struct<title:string, first:string, last:string>,
location struct<street:struct<number:int, name:string>, city:string, state:string, country:string, postcode:string,
    coordinates:struct<latitude:string, longitude:string>, timezone:struct<offset:string, description:string>>,
email string,
login struct<uuid:string, username:string, password:string, salt:string, md5:string, sha1:string, sha256:string>,
dob struct<date:string, age:int>,
registered struct<date:string, age:int>,
phone string,
cell string,
id struct<name:string, value:string>,
picture struct<large:string, medium:string, thumbnail:string>,
nat string,
unparsed string
"""
_NATIONALITIES = (
    "AU", "BR", "CA", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IN", "IR", "MX", "NL", "NO", "NZ", "RS", "TR",
    "UA", "US",
)  # fmt: skip
RULES = {
    "user_id_uuid": (1.0, f'NOT user_id RLIKE r"{UUID}"'),
    "gender_not_null": (0.5, "gender IS NULL"),
    "gender_one_of": (1.0, "NOT gender IN ('female', 'male')"),
    "first_name_not_null": (1.0, "first_name IS NULL"),
    "last_name_not_null": (1.0, "last_name IS NULL"),
    "email_not_null": (1.0, "email IS NULL"),
    "email_syntax": (2.0, f'octet_length(email) > 320 OR NOT email RLIKE r"{EMAIL}"'),
    "phone_not_null": (1.0, "phone IS NULL"),
    "city_not_null": (0.5, "city IS NULL"),
    "postcode_matches": (1.0, r'NOT postcode RLIKE r"\A[\w\s-]{2,12}\z"'),
    "country_not_null": (1.0, "country IS NULL"),
    "nationality_not_null": (1.0, "nationality IS NULL"),
    "nationality_one_of": (1.0, f"NOT nationality IN {_NATIONALITIES}"),
    "born_on_not_null": (1.0, "born_on IS NULL"),
    "age_between": (1.0, "NOT age BETWEEN 0 AND 120"),
    "registered_at_not_null": (1.0, "registered_at IS NULL"),
    "updated_at_not_null": (1.0, "updated_at IS NULL"),
    "registered_after_birth": (1.0, "NOT registered_at >= born_on"),
    "age_fits_birth": (
        1.0,
        "NOT abs(age - floor(months_between(registered_at, born_on) / 12) - years_registered) <= 1",
    ),
}
"""Weight and violation, true for a wrong value."""


def stream_users(
    spark: SparkSession, *, bootstrap_servers: str, topic: str, most: int, table: str, checkpoint: str
) -> None:
    """Stream the whole topic into ``table``, at most so many records a batch, and return when it has caught up."""
    spark.sql(f"""CREATE TABLE IF NOT EXISTS {table} (topic string, partition int, offset bigint,
        kafka_timestamp timestamp, ingested_at timestamp, {_MESSAGE})
        USING iceberg PARTITIONED BY (days(ingested_at)) TBLPROPERTIES ('write.distribution-mode' = 'none')""")
    records = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", bootstrap_servers)
        .option("subscribe", topic)
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", most)
        .load()
    )
    parsed = F.from_json(F.col("value").cast("string"), _MESSAGE, {"columnNameOfCorruptRecord": "unparsed"})
    rows = records.select(
        "topic",
        "partition",
        "offset",
        F.col("timestamp").alias("kafka_timestamp"),
        F.current_timestamp().alias("ingested_at"),
        parsed.alias("message"),
    ).select("topic", "partition", "offset", "kafka_timestamp", "ingested_at", "message.*")
    query = rows.writeStream.trigger(availableNow=True).option("checkpointLocation", checkpoint).toTable(table)
    query.awaitTermination()


def parsed_messages(bronze: DataFrame) -> DataFrame:
    """Leave out what could not be parsed, and what names no person."""
    return bronze.where("unparsed IS NULL AND login.uuid IS NOT NULL")


def users_of(messages: DataFrame) -> DataFrame:
    """Flatten, trim and normalise messages, and keep the newest of each person."""
    users = messages.select(
        F.lower(_clean("login.uuid")).alias("user_id"),
        F.lower(_clean("gender")).alias("gender"),
        _clean("name.title").alias("title"),
        _capital("name.first").alias("first_name"),
        _capital("name.last").alias("last_name"),
        F.lower(_clean("email")).alias("email"),
        _clean("phone").alias("phone"),
        _clean("cell").alias("cell"),
        _clean(F.concat_ws(" ", "location.street.name", "location.street.number")).alias("street"),
        _capital("location.city").alias("city"),
        _clean("location.state").alias("state"),
        F.upper(_clean("location.postcode")).alias("postcode"),
        _clean("location.country").alias("country"),
        F.upper(_clean("nat")).alias("nationality"),
        F.try_to_timestamp("dob.date").cast("date").alias("born_on"),
        F.col("dob.age").alias("age"),
        F.try_to_timestamp("registered.date").alias("registered_at"),
        F.col("registered.age").alias("years_registered"),
        F.col("kafka_timestamp").alias("updated_at"),
        F.col("partition").alias("source_partition"),
        F.col("offset").alias("source_offset"),
    )
    newest = Window.partitionBy("user_id").orderBy(
        F.desc("updated_at"), F.desc("source_partition"), F.desc("source_offset")
    )
    return users.withColumn("nth", F.row_number().over(newest)).where("nth = 1").drop("nth")


def with_scores(users: DataFrame) -> DataFrame:
    """Add quality_score and failed_rules. One integer is made of all rules, and both columns of that."""
    bits = [f"CASE WHEN {rule} THEN {1 << bit} ELSE 0 END" for bit, (_, rule) in enumerate(RULES.values())]
    names = [f"CASE WHEN mask & {1 << bit} != 0 THEN '{name}' ELSE '' END" for bit, name in enumerate(RULES)]
    by_weight: dict[float, int] = {}
    for bit, (weight, _) in enumerate(RULES.values()):
        by_weight[weight] = by_weight.get(weight, 0) | 1 << bit
    lost = " + ".join(f"bit_count(mask & {chosen}) * {weight}D" for weight, chosen in by_weight.items())
    total = sum(weight for weight, _ in RULES.values())
    none = "CAST(array() AS array<string>)"
    masked = users.withColumn("mask", F.expr(" + ".join(bits)))
    # The names of the columns are not asked for: a declarative pipeline, which uses this too, must not look at a frame.
    columns = {
        "quality_score": f"1D - ({lost}) / {total}D",
        "failed_rules": f"CASE WHEN mask = 0 THEN {none} ELSE array_remove(array({', '.join(names)}), '') END",
    }
    return masked.withColumns({name: F.expr(sql) for name, sql in columns.items()}).drop("mask")


def write_silver(messages: DataFrame, table: str) -> None:
    """Write one scored row per person, all anew."""
    writer = with_scores(users_of(messages)).writeTo(table).partitionedBy(F.partitioning.bucket(4, "user_id"))
    writer.tableProperty("write.merge.mode", "merge-on-read").createOrReplace()


def write_gold(spark: SparkSession, *, silver: str, namespace: str, day: date) -> None:
    """Write the three tables of gold, all anew."""
    age = f"floor(months_between(DATE '{day}', born_on) / 12)"
    people = spark.table(silver).selectExpr(
        "user_id",
        "concat_ws(' ', first_name, last_name) AS full_name",
        "gender",
        f"CAST(CASE WHEN {age} >= 0 THEN {age} END AS int) AS age",
        "city",
        "country",
        "nationality",
        "CAST(registered_at AS date) AS registered_on",
        "quality_score",
    )
    groups = "CASE WHEN age < 18 THEN 'under 18' WHEN age < 25 THEN '18-24' WHEN age < 35 THEN '25-34' \
        WHEN age < 45 THEN '35-44' WHEN age < 55 THEN '45-54' WHEN age < 65 THEN '55-64' \
        WHEN age IS NOT NULL THEN '65 and over' END"
    people.withColumn("age_group", F.expr(groups)).writeTo(f"{namespace}.dim_user").createOrReplace()

    spark.sql(f"""SELECT day, new_users, sum(new_users) OVER (ORDER BY day) AS total_users FROM (
        SELECT CAST(registered_at AS date) AS day, count(*) AS new_users FROM {silver}
        WHERE registered_at IS NOT NULL GROUP BY ALL)""").writeTo(f"{namespace}.user_growth_daily").createOrReplace()

    spark.sql(f"""SELECT coalesce(nationality, 'unknown') AS nationality, coalesce(gender, 'unknown') AS gender,
        coalesce(age_group, 'unknown') AS age_group, count(*) AS users, avg(age) AS mean_age
        FROM {namespace}.dim_user GROUP BY 1, 2, 3""").writeTo(f"{namespace}.user_demographics").createOrReplace()


def _clean(text: str | Column) -> Column:
    column = F.col(text) if isinstance(text, str) else text
    return F.nullif(F.trim(F.regexp_replace(column, r"[\s\x85\p{Z}]+", " ")), F.lit(""))


def _capital(text: str) -> Column:
    clean = _clean(text)
    return F.when((clean == F.upper(clean)) | (clean == F.lower(clean)), F.initcap(clean)).otherwise(clean)
