"""Something outside becomes a DataFrame."""
