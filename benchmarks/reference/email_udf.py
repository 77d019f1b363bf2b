"""Addresses of mail by ``email-validator`` in a UDF over Arrow batches.

It is what is called a pandas UDF, without what pandas costs.
"""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F


def email_udf(address: Column) -> Column:
    """Normalise addresses with ``email-validator``, without asking the domain; null for what it refuses."""

    def normalise(addresses: pa.Array) -> pa.Array:
        from benchmarks.email_addresses import validated

        return pa.array([validated(address) for address in addresses.to_pylist()], pa.string())

    made: Column = F.arrow_udf(normalise, "string")(address)  # type: ignore[attr-defined]
    return made
