-- Queries to paste into `sqlite3 blkprice.db`. They use the views alone (daily_activity, daily_price, day_histogram,
-- block, block_price), whose names and columns stay; change the dates and the engine to your need: 'path' is there for
-- the whole history, 'v9.1' from 2023-12-15 on. Days are UTC. An amount in sats / 1e8 is BTC. `.headers on` and
-- `.mode column` make the answers easier to read.

-- The prices of a year.
SELECT day, usd, status
FROM daily_price
WHERE engine = 'path' AND day BETWEEN '2024-01-01' AND '2024-12-31'
ORDER BY day;

-- The days whose price rests on little, or is not there at all, and how much there was to go by.
SELECT day, status, usd, outputs, points
FROM daily_price
WHERE engine = 'path' AND status <> 'ok'
ORDER BY day;

-- The median, lowest and highest daily price of each month.
WITH ranked AS (
  SELECT substr(day, 1, 7) AS month, usd,
         row_number() OVER (PARTITION BY substr(day, 1, 7) ORDER BY usd) AS place,
         count(*) OVER (PARTITION BY substr(day, 1, 7)) AS days
  FROM daily_price
  WHERE engine = 'path' AND usd IS NOT NULL
)
SELECT month, days, avg(usd) FILTER (WHERE place IN ((days + 1) / 2, (days + 2) / 2)) AS median_usd,
       min(usd) AS lowest_usd, max(usd) AS highest_usd
FROM ranked
GROUP BY month
ORDER BY month;

-- The days that moved by more than 2 % against the day before.
WITH steps AS (
  SELECT day, usd, lag(day) OVER (ORDER BY day) AS day_before, lag(usd) OVER (ORDER BY day) AS usd_before
  FROM daily_price
  WHERE engine = 'path' AND usd IS NOT NULL
)
SELECT day, usd_before, usd, round(100 * (usd / usd_before - 1), 2) AS percent
FROM steps
WHERE day_before = date(day, '-1 day') AND abs(usd / usd_before - 1) > 0.02
ORDER BY abs(usd / usd_before - 1) DESC;

-- The mean price of the seven days up to each day.
SELECT day, usd, round(avg(usd) OVER (ORDER BY day ROWS 6 PRECEDING), 2) AS mean_of_7_days
FROM daily_price
WHERE engine = 'path' AND usd IS NOT NULL
ORDER BY day;

-- The price at a time: that of the newest block before it. Header times are not quite in order, so it looks by time.
SELECT height, datetime(time, 'unixepoch') AS utc, usd, low, high
FROM block_price
WHERE time <= CAST(strftime('%s', '2024-01-03 12:00:00') AS INTEGER)
ORDER BY time DESC, height DESC
LIMIT 1;

-- The price at each block of a day, by the path engine, with the interval it lies in with a probability of 68 %.
SELECT height, datetime(p.time, 'unixepoch') AS utc, p.usd, p.low, p.high
FROM block JOIN block_price AS p USING (height)
WHERE block.day = '2024-01-03'
ORDER BY height;

-- How each engine fared: days, and days with a price, by status.
SELECT engine, engine_version, status, count(*) AS days, count(usd) AS priced, min(day) AS first, max(day) AS last
FROM daily_price
GROUP BY engine, engine_version, status
ORDER BY engine, engine_version, status;

-- The days on which two engines differ by more than 2 %.
SELECT a.day, a.engine, a.usd, b.engine AS other_engine, b.usd AS other_usd,
       round(100 * (b.usd / a.usd - 1), 2) AS percent
FROM daily_price AS a JOIN daily_price AS b ON b.day = a.day AND b.engine > a.engine
WHERE abs(b.usd / a.usd - 1) > 0.02
ORDER BY a.day;

-- What the outputs that count were worth, in BTC and in USD. They are payments and their change, of ordinary
-- transactions only: a measure of activity, not the volume of trade.
SELECT day, a.outputs, a.sats / 1e8 AS btc, round(a.sats / 1e8 * p.usd) AS usd_worth,
       round(a.sats / 1e8 * p.usd / a.outputs, 2) AS usd_an_output
FROM daily_activity AS a JOIN daily_price AS p USING (day)
WHERE p.engine = 'path' AND p.usd IS NOT NULL AND a.outputs > 0
ORDER BY day;

-- The ten busiest days.
SELECT day, transactions, outputs, blocks
FROM daily_activity
ORDER BY transactions DESC
LIMIT 10;

-- Outputs that count and transactions, per block, month by month. Incomplete days are left out.
SELECT substr(day, 1, 7) AS month, sum(blocks) AS blocks, round(1.0 * sum(outputs) / sum(blocks), 1) AS outputs_a_block,
       round(1.0 * sum(transactions) / sum(blocks), 1) AS transactions_a_block
FROM daily_activity
WHERE complete
GROUP BY month
ORDER BY month;

-- The amounts of a day: bins of 1.16 % with the share of the outputs that fell in each.
SELECT bin, low_sats / 1e8 AS low_btc, high_sats / 1e8 AS high_btc, outputs,
       round(100.0 * outputs / sum(outputs) OVER (), 3) AS percent
FROM day_histogram
WHERE day = '2024-01-03'
ORDER BY bin;

-- The share of each day's outputs in bins that hold a round amount of BTC (1, 2 or 5 and zeros, 0.001 to 10 BTC), for a
-- year. It looks at every bin of every day: some seconds.
WITH round_btc (sats) AS (
  VALUES (1e5), (2e5), (5e5), (1e6), (2e6), (5e6), (1e7), (2e7), (5e7), (1e8), (2e8), (5e8), (1e9)
), held AS (
  SELECT h.day, sum(h.outputs) AS outputs
  FROM day_histogram AS h JOIN round_btc AS r ON h.low_sats <= r.sats AND r.sats < h.high_sats
  WHERE h.day BETWEEN '2024-01-01' AND '2024-12-31'
  GROUP BY h.day
)
SELECT day, held.outputs AS round_outputs, round(100.0 * held.outputs / a.outputs, 2) AS percent
FROM held JOIN daily_activity AS a USING (day)
ORDER BY day;

-- The blocks of a day, and where their bytes are.
SELECT height, hash, datetime(time, 'unixepoch') AS utc, transactions, outputs, size, file, offset
FROM block
WHERE day = '2024-01-03'
ORDER BY height;

-- The blocks whose header time lies before their parent's.
SELECT child.height, child.day, parent.time - child.time AS seconds_before
FROM block AS child JOIN block AS parent ON parent.height = child.height - 1
WHERE child.time < parent.time
ORDER BY seconds_before DESC;
