"""``spark-submit --properties-file spark-defaults.conf jobs/stream_bronze.py …``: the same as ``lakehouse stream …``."""

import sys

from lakehouse.cli.main import main

main(["stream", *sys.argv[1:]])
