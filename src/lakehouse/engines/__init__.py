"""What Spark versions can do, and the jars they need."""
