"""Snowflake reads the lake: statements derived from the contracts."""
