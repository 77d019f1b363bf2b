-- iceberg table of s3 tables: gold.sales
CREATE ICEBERG TABLE IF NOT EXISTS LAKE.GOLD_TABLES."sales"
  CATALOG = 'LAKE_GLUE'
  CATALOG_TABLE_NAME = 'sales'
  CATALOG_NAMESPACE = 'gold'
  AUTO_REFRESH = TRUE
  COMMENT = 'One row per day and country; the shop''s own.';

-- iceberg table of s3 tables: gold.people
CREATE ICEBERG TABLE IF NOT EXISTS LAKE.GOLD_TABLES."people"
  CATALOG = 'LAKE_GLUE'
  CATALOG_TABLE_NAME = 'people'
  CATALOG_NAMESPACE = 'gold'
  AUTO_REFRESH = TRUE
  COMMENT = 'One row per person.';

