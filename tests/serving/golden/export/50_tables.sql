-- external table: gold.sales
CREATE OR REPLACE EXTERNAL TABLE LAKE.GOLD_TABLES."sales" (
  "country" VARCHAR AS (NULLIF(SPLIT_PART(SPLIT_PART(METADATA$FILENAME, '/country=', 2), '/', 1), '__HIVE_DEFAULT_PARTITION__')::VARCHAR),
  "day_month" VARCHAR AS (NULLIF(SPLIT_PART(SPLIT_PART(METADATA$FILENAME, '/day_month=', 2), '/', 1), '__HIVE_DEFAULT_PARTITION__')::VARCHAR),
  "day" DATE AS (VALUE:"day"::DATE),
  "orders" NUMBER(19,0) AS (VALUE:"orders"::NUMBER(19,0)),
  "net" NUMBER(12,2) AS (VALUE:"net"::NUMBER(12,2)),
  "last_at" TIMESTAMP_LTZ(6) AS (VALUE:"last_at"::TIMESTAMP_LTZ(6)),
  "tags" VARIANT AS (VALUE:"tags"::VARIANT)
)
  PARTITION BY ("country", "day_month")
  LOCATION = @LAKE.EXPORTS.FILES/gold/sales/run=7/
  REFRESH_ON_CREATE = TRUE
  AUTO_REFRESH = FALSE
  PATTERN = '.*[.]parquet'
  FILE_FORMAT = (FORMAT_NAME = 'LAKE.EXPORTS.PARQUET_FILES')
  COPY GRANTS
  COMMENT = 'One row per day and country; the shop''s own.';

-- external table: gold.people
CREATE OR REPLACE EXTERNAL TABLE LAKE.GOLD_TABLES."people" (
  "person_id" NUMBER(19,0) AS (VALUE:"person_id"::NUMBER(19,0)),
  "full_name" VARCHAR AS (VALUE:"full_name"::VARCHAR),
  "born_on" DATE AS (VALUE:"born_on"::DATE),
  "password" VARCHAR AS (VALUE:"password"::VARCHAR),
  "order" NUMBER(10,0) AS (VALUE:"order"::NUMBER(10,0)),
  "weight" FLOAT AS (VALUE:"weight"::FLOAT),
  "photo" BINARY AS (VALUE:"photo"::BINARY),
  "active" BOOLEAN AS (VALUE:"active"::BOOLEAN),
  "seen" TIMESTAMP_NTZ(6) AS (VALUE:"seen"::TIMESTAMP_NTZ(6))
)
  LOCATION = @LAKE.EXPORTS.FILES/gold/people/
  REFRESH_ON_CREATE = TRUE
  AUTO_REFRESH = FALSE
  PATTERN = '.*[.]parquet'
  FILE_FORMAT = (FORMAT_NAME = 'LAKE.EXPORTS.PARQUET_FILES')
  COPY GRANTS
  COMMENT = 'One row per person.';

