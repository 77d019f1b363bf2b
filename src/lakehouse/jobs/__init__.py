"""What spark-submit, EMR and Glue are given: one file per verb, without logic."""
