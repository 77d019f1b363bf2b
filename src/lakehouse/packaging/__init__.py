"""What a platform of AWS is given so that the jobs of a lake run there: Python, jars, settings, submissions."""
