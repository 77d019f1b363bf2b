"""Whether a lake can work where it is: checks that say what fits, what does not, and how to mend it."""
