"""A real account of Snowflake, where one is given."""
