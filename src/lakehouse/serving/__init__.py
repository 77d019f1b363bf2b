"""Tables for someone else's system."""
