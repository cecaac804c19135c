-- DuckDB over the SQLite file itself, through its extension `sqlite`. In the folder of blkprice.db:
--
--   duckdb < duckdb_sqlite.sql
--
-- DuckDB fetches the extension from the network once (INSTALL); examples/README.md says how to do without. SQLite has no
-- dates and no decimals, so these are cast here; in exported Parquet they need not be.

INSTALL sqlite;
LOAD sqlite;
ATTACH 'blkprice.db' AS chain (TYPE sqlite, READ_ONLY);

-- The prices of each month.
SELECT date_trunc('month', day::DATE)::DATE AS month, count(usd) AS priced_days, median(usd) AS median_usd,
       min(low) AS low, max(high) AS high
FROM chain.daily_price
WHERE engine = 'path'
GROUP BY ALL
ORDER BY month;

-- Each day: the Shannon entropy of the amounts, from the histogram that the database keeps: no output is read.
-- What a view computes comes as text: it is cast.
SELECT day::DATE AS day, sum(outputs::BIGINT)::BIGINT AS outputs,
       log2(sum(outputs::BIGINT)) - sum(outputs::BIGINT * log2(outputs::BIGINT)) / sum(outputs::BIGINT) AS entropy_bits
FROM chain.day_histogram
GROUP BY ALL
ORDER BY day;

-- Prices of blocks at their times.
SELECT height, to_timestamp(time) AS time, usd
FROM chain.block_price
ORDER BY height DESC
LIMIT 5;
