-- DuckDB over exported Parquet. In the folder of the exports:
--
--   blkprice export prices       --format parquet -o prices.parquet
--   blkprice export block-prices --format parquet -o block-prices.parquet
--   blkprice export outputs      --format parquet --partition-by month -o outputs/
--   duckdb < duckdb_parquet.sql
--
-- day is a DATE, time a TIMESTAMP WITH TIME ZONE (UTC), prices are DECIMAL(18,8), amounts BIGINT (sats).

-- Each day: the median payment, in sats and in USD of that day, and the Shannon entropy of the amounts over bins of
-- 1.16 % (200 a decade; the 1e-10 is for programs whose log10 of a power of ten falls short of a whole number). A
-- DECIMAL is made a DOUBLE where it is multiplied: exact digits end there anyway.
WITH bins AS (
  SELECT day, floor(200 * log10(sats) + 1e-10) AS bin, count(*) AS n
  FROM read_parquet('outputs/**/*.parquet', hive_partitioning = true)
  GROUP BY ALL
), spread AS (
  SELECT day, log2(sum(n)) - sum(n * log2(n)) / sum(n) AS entropy_bits
  FROM bins
  GROUP BY day
), amounts AS (
  SELECT day, count(*) AS outputs, median(sats) AS median_sats
  FROM read_parquet('outputs/**/*.parquet', hive_partitioning = true)
  GROUP BY day
)
SELECT day, amounts.outputs, median_sats, round(median_sats / 1e8 * usd::DOUBLE, 2) AS median_usd, entropy_bits
FROM amounts JOIN spread USING (day) LEFT JOIN 'prices.parquet' USING (day)
ORDER BY day;

-- One month alone: only its file is opened. month is the text '2024-01', from the name of the folder.
SELECT month, count(*) AS outputs, sum(sats)::BIGINT AS sats, min(time) AS first_block, max(time) AS last_block
FROM read_parquet('outputs/**/*.parquet', hive_partitioning = true)
WHERE month = '2024-01'
GROUP BY month;

-- Each month: how many outputs were worth a round amount of dollars, to 0.5 %, at the price of their own block.
WITH worth AS (
  SELECT month, sats / 1e8 * usd::DOUBLE AS usd
  FROM read_parquet('outputs/**/*.parquet', hive_partitioning = true) JOIN 'block-prices.parquet' USING (height)
)
SELECT month, round(100 * avg((abs(usd / nearest - 1) < 0.005)::INTEGER), 2) AS percent_round
FROM worth, LATERAL (SELECT arg_min(v, abs(v - usd)) AS nearest FROM (VALUES (5), (10), (20), (50), (100), (200), (500)) AS round_usd(v))
GROUP BY month
ORDER BY month;

-- The candle of each week, from the prices of days. A day without a price is NULL, and left out by the aggregates.
SELECT date_trunc('week', day)::DATE AS week, arg_min(open, day) AS open, max(high) AS high, min(low) AS low,
       arg_max("close", day) AS "close", count(usd) AS priced_days
FROM 'prices.parquet'
GROUP BY ALL
ORDER BY week;
