"""Layered settings: where each value comes from, and secrets that never show."""
