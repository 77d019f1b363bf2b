"""The reference lake, in the shape that a user's own package has."""
