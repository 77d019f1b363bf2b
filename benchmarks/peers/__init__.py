"""Other tools with the same rules on the same rows, each in an environment of its own, when that is there."""
