"""What a table is: columns, keys, partitioning, evolution. No I/O."""
