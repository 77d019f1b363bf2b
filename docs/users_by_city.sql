-- People by city, as :now sees them.
SELECT
  city,
  count(*) AS users,
  max(CAST(:now AS date)) AS counted_on
FROM {people} AS p
WHERE city IS NOT NULL
GROUP BY city
