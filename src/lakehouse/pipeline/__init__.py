"""From signatures to runs: the graph, builds and streams."""
