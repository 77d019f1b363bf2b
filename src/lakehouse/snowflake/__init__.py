"""How Snowflake is spoken to, by whoever reads from it or gives it something."""
