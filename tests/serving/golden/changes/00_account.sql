-- comment: LAKE
COMMENT ON DATABASE LAKE IS 'Tables of the lake, and views of them';

-- comment: LAKE.GOLD
COMMENT ON SCHEMA LAKE.GOLD IS 'Views of gold, for people';

-- comment: LAKE.GOLD_TABLES
COMMENT ON SCHEMA LAKE.GOLD_TABLES IS 'Tables of gold, below the views';

-- comment: LAKE.GOVERNANCE
COMMENT ON SCHEMA LAKE.GOVERNANCE IS 'Policies, tags, and who sees which rows';

-- comment: LAKE.EXPORTS
COMMENT ON SCHEMA LAKE.EXPORTS IS 'Exports of the lake, and results for it';

-- warehouse settings: LAKE_WH
ALTER WAREHOUSE LAKE_WH SET
  WAREHOUSE_SIZE = XSMALL
  AUTO_SUSPEND = 60
  AUTO_RESUME = TRUE;

-- resource monitor quota: LAKE_WH_MONITOR
ALTER RESOURCE MONITOR LAKE_WH_MONITOR SET CREDIT_QUOTA = 10;

