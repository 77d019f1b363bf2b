"""Verbs over DataFrames that know no table."""
