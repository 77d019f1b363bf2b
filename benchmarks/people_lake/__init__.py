"""People in four tables: a lake that stays as it is, so that figures of other days can be held against each other."""
