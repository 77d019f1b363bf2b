-- storage is open: LAKE_STORAGE
SELECT SYSTEM$VALIDATE_STORAGE_INTEGRATION('LAKE_STORAGE', 's3://lake-exports/', 'any', 'list');

-- volume is open: LAKE_VOLUME
SELECT SYSTEM$VERIFY_EXTERNAL_VOLUME('LAKE_VOLUME');

-- refresh status: gold.sales
SELECT SYSTEM$AUTO_REFRESH_STATUS('LAKE.GOLD_TABLES."sales"');

-- refresh status: gold.people
SELECT SYSTEM$AUTO_REFRESH_STATUS('LAKE.GOLD_TABLES."people"');

-- table information: gold.sales
SELECT SYSTEM$GET_ICEBERG_TABLE_INFORMATION('LAKE.GOLD_TABLES."sales"');

-- table information: gold.people
SELECT SYSTEM$GET_ICEBERG_TABLE_INFORMATION('LAKE.GOLD_TABLES."people"');

