-- storage is open: LAKE_STORAGE
SELECT SYSTEM$VALIDATE_STORAGE_INTEGRATION('LAKE_STORAGE', 's3://lake-exports/', 'any', 'list');

