"""People: raw messages, one row per person, and what is counted of them."""
