-- comment: gold.sales
COMMENT ON TABLE LAKE.GOLD_TABLES."sales" IS 'One row per day and country; the shop''s own.';

-- comment: gold.people
COMMENT ON TABLE LAKE.GOLD_TABLES."people" IS 'One row per person.';

