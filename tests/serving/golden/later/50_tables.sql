-- iceberg refresh: gold.sales
ALTER ICEBERG TABLE LAKE.GOLD_TABLES."sales" REFRESH;

-- iceberg refresh: gold.sales
ALTER ICEBERG TABLE LAKE.GOLD_TABLES."sales" REFRESH 'gold/sales/metadata/00001-a.metadata.json';

-- external refresh: gold.sales
ALTER EXTERNAL TABLE LAKE.GOLD_TABLES."sales" REFRESH;

