"""Typed tables, typed builds and safe publishes for people who run Spark on Iceberg."""
