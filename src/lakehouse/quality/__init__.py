"""Rules, scores, the gate and the report."""
