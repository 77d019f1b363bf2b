"""What spark-submit is given for ``lakehouse publish``; its arguments are the same."""

import sys

from lakehouse.cli.main import main

main(["publish", *sys.argv[1:]])
