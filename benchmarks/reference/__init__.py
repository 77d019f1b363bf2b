"""What a user would write by hand; each was written before ours."""
