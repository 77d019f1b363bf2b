"""Users with mistakes in them, the same for everyone: made of the row's number alone, once for each size."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.result import FOLDER

ROWS = {"small": 300_000, "full": 5_000_000}
_VERSION = 1
_FILES = 8
_FIRST = (
    "Ada", "Bo", "Cleo", "Dora", "Emil", "Finn", "Greta", "Hugo",
    "Ida", "Jona", "Kai", "Lena", "Mia", "Nils", "Ole", "Pia",
)  # fmt: skip
_LAST = (
    "Abel", "Brandt", "Conrad", "Dahl", "Engel", "Falk", "Graf", "Holm",
    "Iversen", "Jansen", "Keller", "Lund", "Moser", "Nolte", "Otto", "Paulsen",
)  # fmt: skip
_CITIES = (
    "Aarhus", "Bern", "Cork", "Dublin", "Essen", "Fulda", "Ghent", "Hamm",
    "Izmir", "Jena", "Kiel", "Lyon", "Mainz", "Nice", "Oslo", "Porto",
)  # fmt: skip
_COUNTRIES = (
    "Australia", "Brazil", "Canada", "Switzerland", "Germany", "Denmark", "Spain", "Finland", "France", "Ireland",
)  # fmt: skip
_NATIONALITIES = ("AU", "BR", "CA", "CH", "DE", "DK", "ES", "FI", "FR", "GB")  # fmt: skip


def users(spark: SparkSession, size: str) -> DataFrame:
    """Give the users of a size as Parquet, from the folder where they are kept; the first call makes them."""
    folder = data_folder(size)
    if not (folder / "_SUCCESS").exists():
        made_users(spark, ROWS[size]).write.mode("overwrite").parquet(str(folder))
    return spark.read.parquet(str(folder))


def data_folder(size: str) -> Path:
    """Give the folder of a size; other data has another number."""
    return (FOLDER / "data" / f"users-v{_VERSION}-{size}").absolute()


def made_users(spark: SparkSession, rows: int) -> DataFrame:
    """Make users: 0.2 to 4 % of each column missing or wrong, 0.5 % of the keys there a second time."""
    registered = F.timestamp_seconds(F.lit(1_420_070_400) + _draw("registered", 300_000_000))
    born = F.date_add(F.lit("1940-01-01").cast("date"), _draw("born", 25_000).cast("int"))
    updated = registered + F.make_interval(secs=_draw("updated", 50_000_000) - 250_000)
    key = F.when(_draw("twice", 200) == 0, F.greatest(F.col("id") - 1, F.lit(0))).otherwise(F.col("id"))
    columns = {
        "user_id": _but(_uuid(key), "user_id", nulls=2, wrong=F.md5(key.cast("string"))),
        "first_name": _but(_pick("first", _FIRST), "first_name", nulls=10),
        "last_name": _but(_pick("last", _LAST), "last_name", nulls=10),
        "email": _but(_email(), "email", nulls=15, wrong=F.concat(_pick("first", _FIRST), F.lit(" at example"))),
        "phone": _but(_phone(), "phone", nulls=30, wrong=F.lit("unknown")),
        "gender": _but(_pick("gender", ("female", "male")), "gender", nulls=20, wrong=F.lit("n/a")),
        "age": _but(_draw("age", 100).cast("int"), "age", nulls=10, wrong=F.lit(-1)),
        "country": _but(_pick("country", _COUNTRIES), "country", nulls=5),
        "nationality": _but(_pick("country", _NATIONALITIES), "nationality", nulls=10, wrong=F.lit("XX")),
        "city": _but(_pick("city", _CITIES), "city", nulls=10),
        "postcode": _but(_digits("postcode", 5), "postcode", nulls=20, wrong=F.lit("12-A")),
        "born_on": _but(born, "born_on", nulls=10, wrong=F.lit("2031-01-01").cast("date")),
        "registered_at": _but(registered, "registered_at", nulls=5),
        "updated_at": _but(updated, "updated_at", nulls=5),
        "latitude": _but(_draw("latitude", 180_000_001) / 1e6 - 90, "latitude", nulls=40, wrong=F.lit(95.5)),
        "longitude": _but(_draw("longitude", 360_000_001) / 1e6 - 180, "longitude", nulls=40, wrong=F.lit(-200.25)),
    }
    return spark.range(0, rows, 1, _FILES).select(*(column.alias(name) for name, column in columns.items()))


def _draw(salt: str, below: int) -> Column:
    """Give a whole number from 0, that depends on the row's number and the salt alone."""
    return F.pmod(F.xxhash64(F.col("id"), F.lit(salt)), F.lit(below))


def _but(right: Column, salt: str, *, nulls: int, wrong: Column | None = None) -> Column:
    """Replace ``nulls`` of a thousand values by null, and 10 of a thousand by a wrong one."""
    fate = _draw(f"fate of {salt}", 1000)
    value = right if wrong is None else F.when(fate >= 990, wrong).otherwise(right)
    return F.when(fate >= nulls, value)


def _pick(salt: str, words: tuple[str, ...]) -> Column:
    return F.element_at(F.array(*map(F.lit, words)), (_draw(salt, len(words)) + 1).cast("int"))


def _digits(salt: str, count: int) -> Column:
    return F.lpad(_draw(salt, 10**count).cast("string"), count, "0")


def _uuid(key: Column) -> Column:
    md5 = F.md5(key.cast("string"))
    return F.concat_ws("-", *(F.substring(md5, start, length) for start, length in _UUID_PARTS))


_UUID_PARTS = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))


def _email() -> Column:
    name = F.lower(F.concat_ws(".", _pick("first", _FIRST), _pick("last", _LAST)))
    return F.concat(name, _digits("email", 4), F.lit("@mail."), F.lower(_pick("city", _CITIES)), F.lit(".example.com"))


def _phone() -> Column:
    return F.concat(F.lit("+"), _draw("dial", 98) + 1, F.lit(" "), _digits("area", 3), F.lit("-"), _digits("line", 7))
