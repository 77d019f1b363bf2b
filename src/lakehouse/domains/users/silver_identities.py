"""Who is the same person under several identifiers, and how that is known."""

from __future__ import annotations

from typing import Annotated

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, StringType

from lakehouse.contract import ArrayType, Column, DataSet, Schema, build, conform, doc, table
from lakehouse.domains.users.silver import E164, Users
from lakehouse.quality import Between, Holds, NotNull
from lakehouse.transforms.deduplicate import keep_newest
from lakehouse.transforms.email import mailbox
from lakehouse.transforms.matching import matched_pairs, with_cluster
from lakehouse.transforms.names import name_key

LEAST_SHARED, LEAST_SCORE = 2, 0.7
"""What makes one person of two identifiers. One thing in common is not enough: namesakes have the same address of mail
where it is made of the name, a family has one telephone. Nor are two where all else differs."""
_SIMILARITY = "1 for equal, 0 for nothing in common; null where it is not known of both"


@table(
    "silver.user_identities",
    key=("user_id",),
    rules=(
        Holds("closest_is_another", "closest_user_id <> user_id", because="Nobody is a second account of themselves"),
        Holds("enough_is_shared", f"size(shared) >= {LEAST_SHARED}"),
        Holds("person_is_least", "person_id <= least(user_id, closest_user_id)"),
    ),
)
class UserIdentities(Schema):
    """Which identifiers are one person's, and how do we know? One row per identifier of a person who has several.

    The evidence is that of the most alike of their other identifiers. Who is not here has one, as far as can be told:
    ``coalesce(person_id, user_id)`` after a left join is the person.
    """

    user_id: Annotated[Column[StringType], doc("Identifier given by the source")]
    person_id: Annotated[Column[StringType], doc("Least identifier of the person"), NotNull()]
    closest_user_id: Annotated[Column[StringType], doc("Most alike of the person's others"), NotNull()]
    shared: Annotated[
        Column[ArrayType[StringType]], doc("What both have: cell, mailbox, name_and_birth, phone"), NotNull()
    ]
    name_similarity: Annotated[Column[DoubleType], doc(f"Of the names: {_SIMILARITY}"), Between(0.0, 1.0)]
    birth_similarity: Annotated[Column[DoubleType], doc(f"Of the dates of birth: {_SIMILARITY}"), Between(0.0, 1.0)]
    mailbox_similarity: Annotated[Column[DoubleType], doc(f"Of the mailboxes: {_SIMILARITY}"), Between(0.0, 1.0)]
    phone_similarity: Annotated[Column[DoubleType], doc(f"Of the landlines: {_SIMILARITY}"), Between(0.0, 1.0)]
    cell_similarity: Annotated[Column[DoubleType], doc(f"Of the mobile numbers: {_SIMILARITY}"), Between(0.0, 1.0)]
    score: Annotated[Column[DoubleType], doc("Mean of the similarities"), NotNull(), Between(LEAST_SCORE, 1.0)]


# Whom a person is alike may be any other, so no change says which rows are others: it is built whole.
@build
def user_identities(people: DataSet[Users]) -> DataSet[UserIdentities]:
    """Pair the identifiers that share something, keep the pairs with evidence enough, and connect them."""
    known = people.select(
        Users.user_id,
        name_key(F.concat_ws(" ", Users.first_name, Users.last_name)).alias("name"),
        Users.born_on.cast("string").alias("birth"),
        # What is no address or number is kept as it was written, and would be shared by all who wrote the same.
        F.when(Users.email_provider.isNotNull(), mailbox(Users.email)).alias("mailbox"),
        *(F.when(number.rlike(f"^{E164}$"), number).alias(number.str) for number in (Users.phone, Users.cell)),
    )
    reached = {name: F.col(name) for name in ("mailbox", "phone", "cell")}
    name, birth = F.col("name"), F.col("birth")
    blocks = {**reached, "name_and_birth": F.concat(name, F.lit(" "), birth)}
    pairs = matched_pairs(
        known, identifier="user_id", blocks=blocks, evidence={"name": name, "birth": birth, **reached}
    )
    same = pairs.where((F.size("blocks") >= LEAST_SHARED) & (F.col("score") >= LEAST_SCORE))
    closest = keep_newest(_both_ways(with_cluster(same)), key=("user_id",), newest_by=("score", "closest_user_id"))
    return conform(closest, UserIdentities)


def _both_ways(pairs: DataFrame) -> DataFrame:
    """Give each pair as a row of either identifier, by the names of the contract."""
    one, other = F.col("one"), F.col("other")
    ways = (F.struct(a.alias("user_id"), b.alias("closest_user_id")) for a, b in ((one, other), (other, one)))
    return pairs.select(
        F.inline(F.array(*ways)),
        F.col("cluster").alias("person_id"),
        F.col("blocks").alias("shared"),
        *(F.col(name).alias(f"{name}_similarity") for name in ("name", "birth", "mailbox", "phone", "cell")),
        "score",
    )
