-- storage integration: LAKE_STORAGE
CREATE STORAGE INTEGRATION IF NOT EXISTS LAKE_STORAGE
  TYPE = EXTERNAL_STAGE
  STORAGE_PROVIDER = 'S3'
  STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::123456789012:role/lake'
  STORAGE_AWS_EXTERNAL_ID = 'lakehouse'
  ENABLED = TRUE
  STORAGE_ALLOWED_LOCATIONS = ('s3://lake-exports/')
  COMMENT = 'Exports of the lake, and results for it';

