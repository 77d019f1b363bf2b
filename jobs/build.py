"""What spark-submit is given for ``lakehouse run``; its arguments are the same."""

import sys

from lakehouse.cli.main import main

main(["run", *sys.argv[1:]])
