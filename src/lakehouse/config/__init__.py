"""Layered settings: where each value comes from, and secrets that never show."""

from lakehouse.config.layers import Loaded, load
from lakehouse.config.secrets import Secret
from lakehouse.config.settings import Settings

__all__ = ["Loaded", "Secret", "Settings", "load"]
