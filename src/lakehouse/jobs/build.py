"""What spark-submit is given for ``lakehouse run``; its arguments are the same."""

from lakehouse.cli.job import job

if __name__ == "__main__":
    job("run")
