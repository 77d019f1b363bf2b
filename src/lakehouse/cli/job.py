"""A verb as a job of a cluster: its arguments are those of the command line, or Glue's.

Glue gets what it expects of a job: log lines in its layout, a line of metrics, and an end that is no exit where all
went well.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Sequence

from lakehouse.cli.glue_arguments import from_glue
from lakehouse.cli.glue_log import log_as_glue
from lakehouse.cli.main import main, tell, verb
from lakehouse.engines.runtime import runtime_of
from lakehouse.errors import LakehouseError


def job(name: str) -> None:
    """Run a verb of the command line with the arguments of this process.

    Raises:
        SystemExit: It did not go well; the codes are those of the command line.
    """
    words = sys.argv[1:]
    if not _is_of_glue(words):
        _run([name, *words])
        return
    log_as_glue()
    started, code = time.monotonic(), 1
    try:
        code = _run_of_glue(name, words)
    finally:
        print(json.dumps(_metrics(name, seconds=time.monotonic() - started, code=code)), flush=True)
    if code:
        logging.getLogger("lakehouse").error("lakehouse %s ended with exit code %s", name, code)
        sys.exit(code)


def _run(words: Sequence[str]) -> None:
    try:
        main(words)
    except SystemExit as end:
        # Where a script is run by another program, as on Glue and Databricks, an exit counts as a failure.
        if end.code:
            raise


def _run_of_glue(name: str, words: Sequence[str]) -> int:
    try:
        _run([name, *from_glue(words, verb(name).params)])
    except LakehouseError as error:
        return tell(error).exit_code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _is_of_glue(words: Sequence[str]) -> bool:
    return runtime_of(os.environ).name == "Glue" or "--JOB_RUN_ID" in words or "--JOB_NAME" in words


def _metrics(name: str, *, seconds: float, code: int) -> dict[str, object]:
    """Give figures as CloudWatch takes them out of a log: its embedded metric format."""
    units = [{"Name": "seconds", "Unit": "Seconds"}, {"Name": "failed", "Unit": "Count"}]
    told = {"Namespace": "lakehouse", "Dimensions": [["job"]], "Metrics": units}
    when = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [told]}
    return {"_aws": when, "job": name, "seconds": round(seconds, 1), "failed": int(code != 0)}
