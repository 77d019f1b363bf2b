"""The embedded stack for a laptop and for tests: a Kafka broker and sample data."""
