"""What users test their own lake with."""
