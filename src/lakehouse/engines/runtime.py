"""Where this process runs: which of the platforms that have a Spark of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """A platform, its release where it says that, and what has told it: a variable, or a setting of Spark."""

    name: str
    release: str = ""
    told_by: str = ""


# The first that is there decides: a job of EMR Serverless has some variables of EMR too. The first variable of each
# holds the release, where it has one.
_VARIABLES = (
    ("Spark Connect", ("", "SPARK_REMOTE")),
    ("Databricks", ("DATABRICKS_RUNTIME_VERSION",)),
    ("Glue", ("GLUE_VERSION", "GLUE_COMMAND_CRITERIA", "GLUE_PYTHON_VERSION")),
    ("EMR Serverless", ("", "SERVERLESS_EMR_JOB_ID", "SERVERLESS_EMR_VIRTUAL_CLUSTER_ID")),
    ("EMR on EKS", ("", "K8S_SPARK_LOG_URL_STDOUT")),
    ("EMR on EC2", ("EMR_RELEASE_LABEL", "EMR_CLUSTER_ID")),
)
_MASTERS = (("k8s", "EMR on EKS"), ("yarn", "EMR on EC2"), ("emr-serverless", "EMR Serverless"))
"""Of a Spark that Amazon has built: its version ends in ``-amzn-1``."""


def runtime_of(environ: Mapping[str, str], *, spark: str = "", master: str = "") -> Runtime:
    """Tell the platform from variables of the environment, else from the version and the master of Spark.

    Args:
        environ: Variables of this process. With Spark Connect they are those of the client, and the server's platform
            is not known.
        spark: Version of the session's Spark; empty where there is none.
        master: Its ``spark.master``, or that of the settings.
    """
    for name, variables in _VARIABLES:
        told_by = next((one for one in variables if environ.get(one)), None)
        if told_by is not None:
            return Runtime(name=name, release=environ.get(variables[0], ""), told_by=told_by)
    if "-amzn" in spark:
        names = (name for start, name in _MASTERS if master.removeprefix("custom:").startswith(start))
        return Runtime(name=next(names, "EMR or Glue"), told_by=f"Spark {spark}")
    if master.startswith("local"):
        return Runtime(name="this machine", told_by=f"spark.master {master}")
    return Runtime(name="a cluster", told_by=f"spark.master {master}" if master else "")
