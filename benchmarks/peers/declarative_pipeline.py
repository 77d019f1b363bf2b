"""Spark's own declarative pipelines: the table is a materialized view, which each run makes anew of all of bronze.

What ``spark-pipelines run`` does, without its start of a session, which stays warm as that of the others does.
"""

from __future__ import annotations

from pathlib import Path

import pyspark
from pyspark import pipelines
from pyspark.pipelines.graph_element_registry import graph_element_registration_context
from pyspark.pipelines.spark_connect_graph_element_registry import SparkConnectGraphElementRegistry
from pyspark.pipelines.spark_connect_pipeline import create_dataflow_graph, handle_pipeline_events, start_run
from pyspark.sql import DataFrame, SparkSession

from benchmarks.peers.updater import BRONZE, Updater, messages_of, run
from benchmarks.reference.main_job import users_of, with_scores

TABLE = "silver.users_by_pipeline"


def _refresh(spark: SparkSession, folder: Path) -> None:
    catalog, (namespace, name) = spark.conf.get("spark.sql.defaultCatalog"), TABLE.split(".")
    spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {catalog}.{namespace}")
    graph = create_dataflow_graph(spark, default_catalog=catalog, default_database=namespace, sql_conf={})
    with graph_element_registration_context(SparkConnectGraphElementRegistry(spark, graph)):

        @pipelines.materialized_view(name=name)
        def users() -> DataFrame:
            return with_scores(users_of(messages_of(spark.read.table(f"{catalog}.{BRONZE}"))))

    events = start_run(
        spark, graph, full_refresh=None, full_refresh_all=False, refresh=None, dry=False, storage=folder.as_uri()
    )
    handle_pipeline_events(events)


if __name__ == "__main__":
    name = f"Spark Declarative Pipelines {pyspark.__version__}"
    run(Updater(name=name, build=_refresh, update=_refresh, remote=True))
