"""What spark-submit is given for ``lakehouse stream``; its arguments are the same."""

import sys

from lakehouse.cli.main import main

main(["stream", *sys.argv[1:]])
