"""``spark-submit --properties-file spark-defaults.conf jobs/publish.py …``: the same as ``lakehouse publish …``."""

import sys

from lakehouse.cli.main import main

main(["publish", *sys.argv[1:]])
