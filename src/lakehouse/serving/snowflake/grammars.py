"""What each kind of statement has to be: every option that is needed, in its order, with what may stand there.

Snowflake takes more than this; that is what the renderers give. Sources: the page of each statement in Snowflake's SQL
reference. No checker of others asks for required options: without this Snowflake alone would find that one is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from lakehouse.serving.snowflake.tokens import Token
from lakehouse.snowflake.names import PLAIN, RESERVED

_FLAG = "{TRUE | FALSE}"
_CATALOG = "CREATE CATALOG INTEGRATION IF NOT EXISTS <name: makes> CATALOG_SOURCE"
_AUTHENTICATION = (
    "REST_AUTHENTICATION = ( TYPE = SIGV4 SIGV4_IAM_ROLE = <role arn> SIGV4_SIGNING_REGION = <region>"
    " SIGV4_EXTERNAL_ID = <filled> ) ENABLED = TRUE REFRESH_INTERVAL_SECONDS = <refresh seconds>"
)
_ICEBERG = "CREATE ICEBERG TABLE IF NOT EXISTS <name: makes>"
_OF_CATALOG = "CATALOG = <filled: needs> CATALOG_TABLE_NAME = <filled> CATALOG_NAMESPACE = <filled> AUTO_REFRESH = TRUE"

KINDS: Mapping[str, str] = {
    "database": "CREATE DATABASE IF NOT EXISTS <name: makes> COMMENT = <text>",
    "schema": "CREATE SCHEMA IF NOT EXISTS <name: makes> COMMENT = <text>",
    "warehouse": "CREATE WAREHOUSE IF NOT EXISTS <name: makes>"
    " WAREHOUSE_SIZE = {XSMALL | SMALL | MEDIUM | LARGE | XLARGE}"
    " AUTO_SUSPEND = <seconds> AUTO_RESUME = TRUE INITIALLY_SUSPENDED = TRUE COMMENT = <text>",
    "resource monitor": "CREATE RESOURCE MONITOR IF NOT EXISTS <name: makes> WITH CREDIT_QUOTA = <count>"
    " FREQUENCY = MONTHLY START_TIMESTAMP = IMMEDIATELY"
    " TRIGGERS ON <percent> PERCENT DO NOTIFY ON <percent> PERCENT DO SUSPEND",
    "warehouse settings": "ALTER WAREHOUSE <name> SET WAREHOUSE_SIZE = {XSMALL | SMALL | MEDIUM | LARGE | XLARGE}"
    " AUTO_SUSPEND = <seconds> AUTO_RESUME = TRUE",
    "resource monitor quota": "ALTER RESOURCE MONITOR <name> SET CREDIT_QUOTA = <count>",
    "comment": "COMMENT ON {DATABASE | SCHEMA | TABLE} <name> IS <text>",
    "warehouse limit": "ALTER WAREHOUSE <name: needs> SET RESOURCE_MONITOR = <name: needs>",
    "external volume": "CREATE EXTERNAL VOLUME IF NOT EXISTS <name: makes> STORAGE_LOCATIONS = ( ( NAME = <filled>"
    " STORAGE_PROVIDER = 'S3' STORAGE_BASE_URL = <s3> STORAGE_AWS_ROLE_ARN = <role arn>"
    f" STORAGE_AWS_EXTERNAL_ID = <filled> ) ) ALLOW_WRITES = {_FLAG}",
    "storage integration": "CREATE STORAGE INTEGRATION IF NOT EXISTS <name: makes> TYPE = EXTERNAL_STAGE"
    " STORAGE_PROVIDER = 'S3' STORAGE_AWS_ROLE_ARN = <role arn> STORAGE_AWS_EXTERNAL_ID = <filled> ENABLED = TRUE"
    " STORAGE_ALLOWED_LOCATIONS = ( {<s3>}, ) COMMENT = <text>",
    "file format": "CREATE FILE FORMAT IF NOT EXISTS <name: makes> TYPE = PARQUET COMPRESSION = SNAPPY"
    f" BINARY_AS_TEXT = {_FLAG} USE_LOGICAL_TYPE = TRUE USE_VECTORIZED_SCANNER = {_FLAG}",
    "stage": "CREATE STAGE IF NOT EXISTS <name: makes> URL = <s3> STORAGE_INTEGRATION = <name: needs>"
    " FILE_FORMAT = ( FORMAT_NAME = <filled: needs> ) COMMENT = <text>",
    "catalog integration glue rest": f"{_CATALOG} = ICEBERG_REST TABLE_FORMAT = ICEBERG"
    " REST_CONFIG = ( CATALOG_URI = <glue address> CATALOG_NAME = <account> CATALOG_API_TYPE = AWS_GLUE"
    f" ACCESS_DELEGATION_MODE = EXTERNAL_VOLUME_CREDENTIALS ) {_AUTHENTICATION}",
    "catalog integration s3 tables": f"{_CATALOG} = ICEBERG_REST TABLE_FORMAT = ICEBERG"
    " REST_CONFIG = ( CATALOG_URI = <s3 tables address> CATALOG_NAME = <table bucket> CATALOG_API_TYPE = AWS_S3TABLES"
    f" ACCESS_DELEGATION_MODE = VENDED_CREDENTIALS ) {_AUTHENTICATION}",
    "catalog integration glue": f"{_CATALOG} = GLUE TABLE_FORMAT = ICEBERG GLUE_AWS_ROLE_ARN = <role arn>"
    " GLUE_CATALOG_ID = <account> GLUE_REGION = <region> ENABLED = TRUE REFRESH_INTERVAL_SECONDS = <refresh seconds>",
    "catalog integration object store": f"{_CATALOG} = OBJECT_STORE TABLE_FORMAT = ICEBERG ENABLED = TRUE",
    "catalog integration refresh": "ALTER CATALOG INTEGRATION <name> SET REFRESH_INTERVAL_SECONDS = <refresh seconds>",
    "iceberg table": f"{_ICEBERG} EXTERNAL_VOLUME = <filled: needs> {_OF_CATALOG} COMMENT = <text>",
    "iceberg table of s3 tables": f"{_ICEBERG} {_OF_CATALOG} COMMENT = <text>",
    "iceberg table of a metadata file": f"{_ICEBERG} EXTERNAL_VOLUME = <filled: needs> CATALOG = <filled: needs>"
    " METADATA_FILE_PATH = <path> COMMENT = <text>",
    "iceberg refresh": "ALTER ICEBERG TABLE <name> REFRESH [<path>]",
    "linked database": "CREATE DATABASE IF NOT EXISTS <name: makes all of> LINKED_CATALOG = ("
    " CATALOG = <filled: needs> , ALLOWED_NAMESPACES = ( {<filled>}, ) , ALLOWED_WRITE_OPERATIONS = NONE ,"
    " SYNC_INTERVAL_SECONDS = <refresh seconds> ) EXTERNAL_VOLUME = <filled: needs>",
    "external table": "CREATE OR REPLACE EXTERNAL TABLE <name: makes> ( {<external column>}, )"
    " [PARTITION BY ( {<part: partition>}, )] LOCATION = <stage: needs stage> REFRESH_ON_CREATE = TRUE"
    " {AUTO_REFRESH = TRUE <rest of external: told> | AUTO_REFRESH = FALSE <rest of external: untold>}",
    "external refresh": "ALTER EXTERNAL TABLE <name> REFRESH",
    "tag": "CREATE TAG IF NOT EXISTS <name: makes> ALLOWED_VALUES {<filled>}, COMMENT = <text>",
    "masking policy": "CREATE MASKING POLICY IF NOT EXISTS <name: makes> AS ( VAL <type: type> )"
    " RETURNS <type: type> -> <mask> COMMENT = <text>",
    "masking policy body": "ALTER MASKING POLICY <name> SET BODY -> <mask>",
    "entitlements": "CREATE TABLE IF NOT EXISTS <name: makes> ( TABLE_NAME VARCHAR NOT NULL ,"
    " ROLE_NAME VARCHAR NOT NULL , VALUE VARCHAR NOT NULL ) COMMENT = <text>",
    "row access policy": "CREATE ROW ACCESS POLICY IF NOT EXISTS <name: makes> AS ( VAL <type> ) RETURNS BOOLEAN ->"
    " <entitled> COMMENT = <text>",
    "row access policy body": "ALTER ROW ACCESS POLICY <name> SET BODY -> <entitled>",
    "view": "CREATE OR REPLACE VIEW <name: makes> ( {<shown column>}, )"
    " [WITH ROW ACCESS POLICY <name: needs> ON ( <part: limit> )] COPY GRANTS COMMENT = <text>"
    " AS SELECT {<quoted> [:: <type>] AS <part: selected>}, FROM <name: needs>",
    "dynamic table": "CREATE DYNAMIC TABLE IF NOT EXISTS <name: makes> TARGET_LAG = <lag> WAREHOUSE = <name: needs>"
    " REFRESH_MODE = AUTO INITIALIZE = ON_CREATE COMMENT = <text> AS <query>",
    "unload": "COPY INTO <stage: needs stage> FROM ( SELECT {<unloaded>}, FROM ( <query> ) )"
    " [PARTITION BY ( <level> )] FILE_FORMAT = ( FORMAT_NAME = <filled: needs> ) MAX_FILE_SIZE = <count>"
    " INCLUDE_QUERY_ID = TRUE DETAILED_OUTPUT = TRUE HEADER = TRUE",
    "stream": "CREATE STREAM IF NOT EXISTS <name: makes> ON TABLE <name: needs> INSERT_ONLY = TRUE COMMENT = <text>",
    "stream on an external table": "CREATE STREAM IF NOT EXISTS <name: makes> ON EXTERNAL TABLE <name: needs>"
    " INSERT_ONLY = TRUE COMMENT = <text>",
    "task": "CREATE TASK IF NOT EXISTS <name: makes> WAREHOUSE = <name: needs> SCHEDULE = <schedule> COMMENT = <text>"
    " AS ALTER EXTERNAL TABLE <name: needs> REFRESH",
    "dynamic iceberg table": "CREATE DYNAMIC ICEBERG TABLE <name: makes> TARGET_LAG = <lag> WAREHOUSE = <name: needs>"
    " EXTERNAL_VOLUME = <filled: needs> CATALOG = 'SNOWFLAKE' BASE_LOCATION = <base location> AS <query>",
    "metric function": "CREATE DATA METRIC FUNCTION IF NOT EXISTS <name: makes> ( T TABLE ( V <type> ) )"
    " RETURNS NUMBER COMMENT = <text> AS <count query>",
    "metric schedule": "ALTER TABLE <name: needs> SET DATA_METRIC_SCHEDULE = <metric schedule>",
    "metric": "ALTER TABLE <name: needs> ADD DATA METRIC FUNCTION"
    " {SNOWFLAKE . CORE . {NULL_COUNT | BLANK_COUNT | DUPLICATE_COUNT | FRESHNESS} | <name: needs>} ON ( <quoted> )",
    "dynamic table settings": "ALTER DYNAMIC TABLE <name> SET TARGET_LAG = <lag> WAREHOUSE = <name>",
    "task halted": "ALTER TASK <name> SUSPEND",
    "task schedule": "ALTER TASK <name> SET SCHEDULE = <schedule>",
    "task begun": "ALTER TASK <name: needs> RESUME",
    "role": "CREATE ROLE IF NOT EXISTS <name: makes> COMMENT = <text>",
    "grant": "GRANT {USAGE ON {DATABASE | SCHEMA | WAREHOUSE} <name: needs>"
    " | SELECT ON {ALL | FUTURE} {VIEWS | DYNAMIC TABLES} IN SCHEMA <name: needs>} TO ROLE <name: needs>",
    "grant of a role": "GRANT ROLE <name: needs> TO ROLE <name>",
    "volume is open": "SELECT SYSTEM$VERIFY_EXTERNAL_VOLUME ( <filled: needs> )",
    "catalog is open": "SELECT SYSTEM$VERIFY_CATALOG_INTEGRATION ( <filled: needs> )",
    "storage is open": "SELECT SYSTEM$VALIDATE_STORAGE_INTEGRATION ( <filled: needs> , <s3> , <filled> , 'list' )",
    "tables of the catalog": "SELECT SYSTEM$LIST_ICEBERG_TABLES_FROM_CATALOG ( <filled: needs> , <filled> )",
    "link status": "SELECT SYSTEM$CATALOG_LINK_STATUS ( <filled> )",
    "refresh status": "SELECT SYSTEM$AUTO_REFRESH_STATUS ( <filled: needs> )",
    "table information": "SELECT SYSTEM$GET_ICEBERG_TABLE_INFORMATION ( <filled: needs> )",
}
"""By kind its grammar, without the semicolon. What is kept as ``makes`` and ``needs`` is held against the order."""

RULES: Mapping[str, str] = {
    "name": "<part> [. <part>] [. <part>]",
    "type": "{BOOLEAN | DATE | FLOAT | VARCHAR | UUID | VARIANT | BINARY [( <count> )] | NUMBER ( <digits> , <scale> )"
    " | TIME ( 6 ) | TIMESTAMP_NTZ ( <fraction> ) | TIMESTAMP_LTZ ( <fraction> )}",
    "mask": "CASE WHEN {FALSE | IS_ROLE_IN_SESSION ( <filled> )} THEN VAL"
    " ELSE {NULL | '***' | DATE_TRUNC ( 'YEAR' , VAL )} END",
    "entitled": "IS_ROLE_IN_SESSION ( <filled> ) OR EXISTS ( SELECT 1 FROM <name: needs> AS E"
    " WHERE E . TABLE_NAME = <filled> AND E . VALUE = VAL :: VARCHAR AND IS_ROLE_IN_SESSION ( E . ROLE_NAME ) )",
    "external column": "<quoted: column> <type: type> AS ( {<of the path> | <of the file>} :: <type: cast> )",
    "of the path": "NULLIF ( SPLIT_PART ( SPLIT_PART ( METADATA$FILENAME , <folder: folder> , 2 ) , '/' , 1 ) ,"
    " '__HIVE_DEFAULT_PARTITION__' )",
    "of the file": "VALUE : <quoted: field>",
    "unloaded": "{DATE_PART ( EPOCH_MICROSECOND , <part> ) | HEX_ENCODE ( <part> ) | <part> :: <type>} AS <quoted>",
    "level": "<folder name> || NVL ( {TO_VARCHAR ( {TO_TIMESTAMP_NTZ ( <quoted> , 6 ) | <quoted>} , <date form> )"
    " | <quoted> :: VARCHAR} , '__HIVE_DEFAULT_PARTITION__' ) [|| '/' || <level>]",
    "rest of external": "PATTERN = <pattern> FILE_FORMAT = ( FORMAT_NAME = <filled: needs> )"
    " [AWS_SNS_TOPIC = <topic arn: topic>] COPY GRANTS COMMENT = <text>",
    "shown column": "<part: shown> [WITH MASKING POLICY <name: needs> WITH TAG ( <name: needs> = <filled> )]"
    " COMMENT <text>",
}

_SET = r"<[^>]+>"
"""A setting that is not there yet."""


def _text(pattern: str) -> Callable[[Token], bool]:
    wanted = re.compile(f"(?:{pattern}|{_SET})", re.DOTALL)
    return lambda token: token.kind == "text" and wanted.fullmatch(token.text[1:-1]) is not None


def _number(least: int, most: int) -> Callable[[Token], bool]:
    return lambda token: token.kind == "number" and token.text.isdigit() and least <= int(token.text) <= most


def _is_part(token: Token) -> bool:
    plain = token.kind == "word" and PLAIN.fullmatch(token.text) is not None and token.text not in RESERVED
    return plain or token.kind == "quoted"


_REGION = rf"(?:[a-z]{{2}}(?:-[a-z]+)+-\d|{_SET})"
TERMINALS: Mapping[str, Callable[[Token], bool]] = {
    "part": _is_part,
    "quoted": lambda token: token.kind == "quoted",
    "stage": lambda token: token.kind == "stage",
    "text": _text(".*"),
    "filled": _text(".+"),
    "path": _text(r"[^/].*\.metadata\.json"),
    "pattern": _text(r"\.\*.+"),
    "folder": _text(r"/\w+="),
    "folder name": _text(r"\w+="),
    "date form": _text(r"YYYY(-MM(-DD(-HH24)?)?)?"),
    "s3": _text(r"s3://[a-z0-9-]+/.*"),
    "role arn": _text(r"arn:aws[a-z-]*:iam::\d{12}:role/.+"),
    "topic arn": _text(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:.+"),
    "table bucket": _text(r"arn:aws[a-z-]*:s3tables:.+"),
    "account": _text(r"\d{12}"),
    "region": _text(_REGION),
    "glue address": _text(rf"https://glue\.{_REGION}\.amazonaws\.com/iceberg"),
    "s3 tables address": _text(rf"https://s3tables\.{_REGION}\.amazonaws\.com/iceberg"),
    "lag": _text(r"[1-9]\d* minutes"),
    "metric schedule": _text(r"(5|15|30|60|720|1440) MINUTE"),
    "base location": _text(r"[a-z]\w*/[a-z]\w*"),
    "count query": _text(r"SELECT COUNT\(\*\) FROM T WHERE .+"),
    "schedule": _text(r"[1-9]\d* MINUTE"),
    "count": _number(1, 10**9),
    "seconds": _number(60, 86_400),
    "refresh seconds": _number(30, 86_400),
    "percent": _number(1, 100),
    "digits": _number(1, 38),
    "scale": _number(0, 37),
    "fraction": lambda token: token.text in {"6", "9"},
}
"""By name what one token has to be."""
