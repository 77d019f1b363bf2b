"""Where tables live: the Iceberg catalog, seen by Spark and by PyIceberg."""
