"""Benchmarks: each compares the library with a named reference in the same run. ``python -m benchmarks stream``."""
