-- iceberg table: gold.sales
CREATE ICEBERG TABLE IF NOT EXISTS LAKE.GOLD_TABLES."sales"
  EXTERNAL_VOLUME = 'LAKE_VOLUME'
  CATALOG = 'LAKE_GLUE'
  CATALOG_TABLE_NAME = 'sales'
  CATALOG_NAMESPACE = 'gold'
  AUTO_REFRESH = TRUE
  COMMENT = 'One row per day and country; the shop''s own.';

-- iceberg table: gold.people
CREATE ICEBERG TABLE IF NOT EXISTS LAKE.GOLD_TABLES."people"
  EXTERNAL_VOLUME = 'LAKE_VOLUME'
  CATALOG = 'LAKE_GLUE'
  CATALOG_TABLE_NAME = 'people'
  CATALOG_NAMESPACE = 'gold'
  AUTO_REFRESH = TRUE
  COMMENT = 'One row per person.';

