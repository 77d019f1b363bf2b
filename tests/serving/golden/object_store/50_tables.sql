-- iceberg table of a metadata file: gold.sales
CREATE ICEBERG TABLE IF NOT EXISTS LAKE.GOLD_TABLES."sales"
  EXTERNAL_VOLUME = 'LAKE_VOLUME'
  CATALOG = 'LAKE_GLUE'
  METADATA_FILE_PATH = 'gold/sales/metadata/00001-a.metadata.json'
  COMMENT = 'One row per day and country; the shop''s own.';

-- iceberg table of a metadata file: gold.people
CREATE ICEBERG TABLE IF NOT EXISTS LAKE.GOLD_TABLES."people"
  EXTERNAL_VOLUME = 'LAKE_VOLUME'
  CATALOG = 'LAKE_GLUE'
  METADATA_FILE_PATH = 'gold/people/metadata/00001-a.metadata.json'
  COMMENT = 'One row per person.';

