-- Schema 1. Heights count from the genesis block. Times are UTC seconds since 1970. Days are UTC days since
-- 1970-01-01 inside, 'YYYY-MM-DD' in the views. Amounts are satoshi (sats). Prices are USD per BTC.
-- Use the views (daily_activity, daily_price, day_histogram, block): their names and columns stay.

-- What the database is about: chain, folder, versions, state of the last scan.
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- A UTC day of the active chain: a contiguous run of heights, save for heights that are missing.
CREATE TABLE utc_day (
  day           INTEGER PRIMARY KEY,   -- days since 1970-01-01
  date          TEXT    NOT NULL UNIQUE, -- the same as 'YYYY-MM-DD'
  first_height  INTEGER NOT NULL,
  last_height   INTEGER NOT NULL,
  blocks        INTEGER NOT NULL,      -- blocks of the day that are stored
  transactions  INTEGER NOT NULL,      -- all their transactions, coinbases included
  outputs       INTEGER NOT NULL,      -- qualifying outputs
  sats          INTEGER NOT NULL,      -- sum of the qualifying outputs
  complete      INTEGER NOT NULL,      -- 0: the last day, or blocks are missing
  rules_version INTEGER NOT NULL       -- version of the rules that chose the outputs
);

-- The blocks of those days.
CREATE TABLE chain_block (
  height       INTEGER PRIMARY KEY,
  hash         BLOB    NOT NULL,  -- 32 bytes in display order
  prev         BLOB,              -- the parent's hash; NULL where the parent is the block before it in the same day
  time         INTEGER NOT NULL,  -- header time, UTC seconds
  bits         INTEGER NOT NULL,  -- nBits
  file         INTEGER NOT NULL,  -- number of the blk file
  offset       INTEGER NOT NULL,  -- of the block's first byte in that file (behind magic and length)
  size         INTEGER NOT NULL,  -- bytes
  transactions INTEGER NOT NULL,
  outputs      INTEGER NOT NULL,  -- qualifying outputs
  undo         INTEGER            -- spends of the day's own coins were told by 1: the node's undo data, 0: txids;
                                  -- NULL: the block has a coinbase only, there was nothing to tell
);

-- The qualifying outputs of a day, block by block in order of height: a count, then the values ascending,
-- as adaptive Exp-Golomb coded differences. `blkprice export outputs` writes them out as rows.
CREATE TABLE day_outputs (
  day  INTEGER PRIMARY KEY,       -- days since 1970-01-01
  data BLOB    NOT NULL
);

-- How many qualifying outputs of a day fall in each bin.
CREATE TABLE day_bin (
  day     INTEGER NOT NULL,       -- days since 1970-01-01
  bin     INTEGER NOT NULL,
  outputs INTEGER NOT NULL,
  PRIMARY KEY (day, bin)
) WITHOUT ROWID;

-- The bins: 0 is [0, 100) sats, then 200 a decade.
CREATE TABLE bin (
  bin       INTEGER PRIMARY KEY,
  low_sats  REAL NOT NULL,        -- lower edge, inclusive
  high_sats REAL                  -- upper edge, exclusive; NULL for the last bin
);

-- A price of a day by one engine.
CREATE TABLE price (
  day            INTEGER NOT NULL, -- days since 1970-01-01
  engine         TEXT    NOT NULL,
  usd            REAL,             -- USD per BTC; NULL where there is none
  open           REAL,             -- USD per BTC at the start of the day, where the engine tells
  high           REAL,             -- highest USD per BTC of the day
  low            REAL,             -- lowest USD per BTC of the day
  close          REAL,             -- USD per BTC at the end of the day
  confidence     REAL,             -- probability that usd is within 2 % of the truth, where the engine tells
  status         TEXT    NOT NULL, -- ok, weak, partial, none, unsupported
  outputs        INTEGER NOT NULL, -- qualifying outputs of the day
  points         INTEGER NOT NULL, -- of those, the price estimates it rests on
  engine_version INTEGER NOT NULL,
  PRIMARY KEY (day, engine)
) WITHOUT ROWID;

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
  first_height INTEGER PRIMARY KEY,
  last_height  INTEGER NOT NULL,
  reason       TEXT    NOT NULL
);

CREATE VIEW daily_activity AS
  SELECT date AS day, first_height, last_height, blocks, transactions, outputs, sats, complete
  FROM utc_day;

CREATE VIEW daily_price AS
  SELECT d.date AS day, p.engine, p.usd, p.open, p.high, p.low, p.close, p.confidence, p.status,
         p.outputs, p.points, p.engine_version
  FROM utc_day AS d JOIN price AS p ON p.day = d.day;

CREATE VIEW day_histogram AS
  SELECT d.date AS day, h.bin, b.low_sats, b.high_sats, h.outputs
  FROM utc_day AS d JOIN day_bin AS h ON h.day = d.day JOIN bin AS b ON b.bin = h.bin;

CREATE VIEW block AS
  SELECT c.height, lower(hex(c.hash)) AS hash, c.time, d.date AS day, c.file, c.offset, c.size,
         c.transactions, c.outputs
  FROM utc_day AS d JOIN chain_block AS c ON c.height BETWEEN d.first_height AND d.last_height;
