-- storage is open: LAKE_STORAGE
SELECT SYSTEM$VALIDATE_STORAGE_INTEGRATION('LAKE_STORAGE', 's3://lake-exports/', 'any', 'list');

-- catalog is open: LAKE_GLUE
SELECT SYSTEM$VERIFY_CATALOG_INTEGRATION('LAKE_GLUE');

-- tables of the catalog: gold
SELECT SYSTEM$LIST_ICEBERG_TABLES_FROM_CATALOG('LAKE_GLUE', 'gold');

-- refresh status: gold.sales
SELECT SYSTEM$AUTO_REFRESH_STATUS('LAKE.GOLD_TABLES."sales"');

-- refresh status: gold.people
SELECT SYSTEM$AUTO_REFRESH_STATUS('LAKE.GOLD_TABLES."people"');

-- table information: gold.sales
SELECT SYSTEM$GET_ICEBERG_TABLE_INFORMATION('LAKE.GOLD_TABLES."sales"');

-- table information: gold.people
SELECT SYSTEM$GET_ICEBERG_TABLE_INFORMATION('LAKE.GOLD_TABLES."people"');

