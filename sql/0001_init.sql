-- Schema 1. Heights count from the genesis block. Times are UTC seconds since 1970. Days are UTC days since
-- 1970-01-01 inside, 'YYYY-MM-DD' in the views. Amounts are satoshi (sats). Prices are USD per BTC.
-- Use the views (daily_activity, daily_price, day_histogram, block, block_price): their names and columns stay.

-- What the database is about: chain, folder, versions, state of the last scan.
CREATE TABLE meta (
  key   TEXT PRIMARY KEY, -- name of the fact
  value TEXT NOT NULL     -- the fact
) WITHOUT ROWID;

-- A UTC day of the active chain: a contiguous run of heights, save for heights that are missing.
CREATE TABLE utc_day (
  day           INTEGER PRIMARY KEY,   -- days since 1970-01-01
  date          TEXT    NOT NULL UNIQUE, -- the same as 'YYYY-MM-DD'
  first_height  INTEGER NOT NULL,      -- height of its first block
  last_height   INTEGER NOT NULL,      -- height of its last block
  blocks        INTEGER NOT NULL,      -- blocks of the day that are stored
  transactions  INTEGER NOT NULL,      -- all their transactions, coinbases included
  outputs       INTEGER NOT NULL,      -- qualifying outputs
  sats          INTEGER NOT NULL,      -- sum of the qualifying outputs
  complete      INTEGER NOT NULL,      -- 0: the last day, or blocks are missing
  rules_version INTEGER NOT NULL       -- version of the rules that chose the outputs
);

-- The blocks of those days. One that is stored and no longer stands in the folder's files has the file 4294967295.
CREATE TABLE chain_block (
  height       INTEGER PRIMARY KEY, -- from the genesis block, 0
  day          INTEGER NOT NULL,  -- UTC day it lies in, days since 1970-01-01
  hash         BLOB    NOT NULL,  -- 32 bytes in display order
  prev         BLOB,              -- the parent's hash; NULL where the parent is the block before it in the same day
  time         INTEGER NOT NULL,  -- header time, UTC seconds
  bits         INTEGER NOT NULL,  -- nBits
  file         INTEGER NOT NULL,  -- number of the blk file
  offset       INTEGER NOT NULL,  -- of the block's first byte in that file (behind magic and length)
  size         INTEGER NOT NULL,  -- bytes
  transactions INTEGER NOT NULL,  -- all of them, the coinbase included
  outputs      INTEGER NOT NULL,  -- qualifying outputs
  undo         INTEGER            -- spends of the day's own coins were told by 1: the node's undo data, 0: txids;
                                  -- NULL: the block has a coinbase only, there was nothing to tell
);

-- For the blocks of a day, or of a range of days.
CREATE INDEX chain_block_day ON chain_block (day);

-- What qualified in a day.
CREATE TABLE day_outputs (
  day       INTEGER PRIMARY KEY,  -- days since 1970-01-01
  first_bin INTEGER NOT NULL,     -- the first bin that any output fell in
  bins      TEXT    NOT NULL,     -- JSON array: how many outputs fell in it and in each bin after it
  -- The outputs, block by block in order of height: a count, then the values ascending, as adaptive Exp-Golomb coded
  -- differences. `blkprice export outputs` writes them out as rows.
  data      BLOB    NOT NULL
);

-- The edges of the bins: bin 0 is [0, 100) sats; from there each decade has the same 200 steps, and the last bin,
-- 2400, has no upper edge.
CREATE TABLE bin_step (
  step   INTEGER PRIMARY KEY,     -- 0 to 199
  factor REAL NOT NULL            -- lower edge over its decade's, 1 to 10
);

-- A price of a day by one engine.
CREATE TABLE price (
  day            INTEGER NOT NULL, -- days since 1970-01-01
  engine         TEXT    NOT NULL, -- path or v9.1
  usd            REAL,             -- USD per BTC; NULL where there is none
  open           REAL,             -- USD per BTC at the start of the day, where the engine tells
  high           REAL,             -- highest USD per BTC of the day
  low            REAL,             -- lowest USD per BTC of the day
  close          REAL,             -- USD per BTC at the end of the day
  confidence     REAL,             -- probability that usd is within 2 % of the truth, where the engine tells
  status         TEXT    NOT NULL, -- ok, weak, partial, none, unsupported
  outputs        INTEGER NOT NULL, -- qualifying outputs of the day
  points         INTEGER NOT NULL, -- of those, the price estimates it rests on
  engine_version INTEGER NOT NULL, -- version of the engine that made the price
  low68          REAL,             -- 68 % interval of usd, where the engine tells
  high68         REAL,             -- its upper end
  low95          REAL,             -- 95 % interval of usd
  high95         REAL,             -- its upper end
  final          INTEGER NOT NULL, -- 1: later blocks change it no more
  anchors        TEXT,             -- known prices the engine was given, 'YYYY-MM-DD=USD', by commas
  PRIMARY KEY (day, engine)
) WITHOUT ROWID;

-- The price of each block by the path engine.
CREATE TABLE path_block (
  height INTEGER PRIMARY KEY,      -- from the genesis block, 0
  usd    REAL NOT NULL,            -- USD per BTC
  low    REAL NOT NULL,            -- 16th percentile, USD per BTC
  high   REAL NOT NULL             -- 84th percentile, USD per BTC
);

-- What the path engine keeps of a day, so that it need not read its outputs again.
CREATE TABLE path_evidence (
  day     INTEGER PRIMARY KEY,     -- days since 1970-01-01
  version INTEGER NOT NULL,        -- of the engine
  data    BLOB    NOT NULL         -- in a form of the engine's own
);

-- Where the path engine can take up decoding again: what all days up to this one say about later ones.
CREATE TABLE path_state (
  day  INTEGER PRIMARY KEY,        -- days since 1970-01-01
  data BLOB    NOT NULL            -- in a form of the engine's own
);

-- Headers of records that are in the block files but not in chain_block: stale branches, second copies,
-- days outside the range that was asked for. With chain_block they make the next scan incremental.
CREATE TABLE other_block (
  file   INTEGER NOT NULL,        -- number of the blk file
  offset INTEGER NOT NULL,        -- of the block's first byte in that file
  hash   BLOB    NOT NULL,        -- 32 bytes in display order
  prev   BLOB    NOT NULL,        -- the parent's hash
  time   INTEGER NOT NULL,        -- header time, UTC seconds
  bits   INTEGER NOT NULL,        -- nBits
  size   INTEGER NOT NULL,        -- bytes
  height INTEGER,                 -- where it is known
  PRIMARY KEY (file, offset)
) WITHOUT ROWID;

-- Block files as the last finished scan saw them.
CREATE TABLE block_file (
  file     INTEGER PRIMARY KEY,   -- number
  size     INTEGER NOT NULL,      -- bytes
  mtime_ns INTEGER NOT NULL,      -- time of last change, nanoseconds; 0: too fresh to be trusted
  damaged  INTEGER NOT NULL       -- 1: something in it is no whole record
);

-- Heights inside the scanned range that no readable block is at hand for.
CREATE TABLE missing_height (
  first_height INTEGER PRIMARY KEY, -- first height of the gap
  last_height  INTEGER NOT NULL,    -- last height of it
  reason       TEXT    NOT NULL     -- why no block is at hand
);

-- A row a stored UTC day.
--   day  'YYYY-MM-DD'
CREATE VIEW daily_activity AS
  SELECT date AS day, first_height, last_height, blocks, transactions, outputs, sats, complete
  FROM utc_day;

-- A row a stored UTC day and engine that has been asked for its price.
--   day  'YYYY-MM-DD'
CREATE VIEW daily_price AS
  SELECT d.date AS day, p.engine, p.usd, p.open, p.high, p.low, p.close, p.confidence, p.status,
         p.outputs, p.points, p.engine_version, p.low68, p.high68, p.low95, p.high95, p.final, p.anchors
  FROM utc_day AS d JOIN price AS p ON p.day = d.day;

-- How many qualifying outputs of a day fell in each bin that has any: 200 bins a decade of amounts.
-- Needs the JSON functions that SQLite has had built in since 3.38, and most builds before.
--   day        'YYYY-MM-DD'
--   bin        INTEGER: number of the bin, 0 to 2400
--   low_sats   REAL: lower edge of the bin, which belongs to it
--   high_sats  REAL: upper edge, which does not; NULL: the last bin has none
--   outputs    INTEGER: qualifying outputs in it
CREATE VIEW day_histogram AS
  SELECT d.date AS day, o.first_bin + count.key AS bin,
         -- Bin 1 begins at 100 sats; a power of ten is read from text to have it exactly.
         CASE WHEN o.first_bin + count.key > 0
           THEN low.factor * CAST('1e' || (2 + (o.first_bin + count.key - 1) / 200) AS REAL) ELSE 0.0 END AS low_sats,
         CASE WHEN o.first_bin + count.key < 2400
           THEN high.factor * CAST('1e' || (2 + (o.first_bin + count.key) / 200) AS REAL) END AS high_sats,
         count.value AS outputs
  FROM utc_day AS d JOIN day_outputs AS o ON o.day = d.day CROSS JOIN json_each(o.bins) AS count
       JOIN bin_step AS low ON low.step = (o.first_bin + count.key + 199) % 200
       JOIN bin_step AS high ON high.step = (o.first_bin + count.key) % 200
  WHERE count.value > 0;

-- The blocks of the stored days: the active chain.
--   hash  TEXT: 64 hexadecimal digits in display order
--   day   UTC day it lies in, 'YYYY-MM-DD'
--   file  number of the blk file; 4294967295 where the block no longer stands in one
CREATE VIEW block AS
  SELECT c.height, lower(hex(c.hash)) AS hash, c.time, d.date AS day, c.file, c.offset, c.size,
         c.transactions, c.outputs
  FROM chain_block AS c JOIN utc_day AS d ON d.day = c.day;

-- The price at each block of the days that the path engine has priced.
CREATE VIEW block_price AS
  SELECT p.height, c.time, p.usd, p.low, p.high
  FROM path_block AS p JOIN chain_block AS c ON c.height = p.height;
