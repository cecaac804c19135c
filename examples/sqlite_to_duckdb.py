"""The SQLite file in DuckDB without an extension: Python's own sqlite3 reads, pandas carries, DuckDB asks.

    python sqlite_to_duckdb.py [FOLDER]     # of blkprice.db

Right for the views by day and by block, which fit in memory; for outputs, export Parquet.
"""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import duckdb
import pandas as pd


def attach(folder):
    """A DuckDB connection with the views of the database as tables, dates as dates."""
    db = duckdb.connect()
    uri = (Path(folder) / "blkprice.db").resolve().as_uri() + "?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as store:
        for view in ["daily_price", "daily_activity", "day_histogram", "block_price"]:
            rows = pd.read_sql(f"SELECT * FROM {view}", store)
            db.register("rows", rows)
            dated = "* REPLACE (day::DATE AS day)" if "day" in rows else "*"
            db.execute(f"CREATE TABLE {view} AS SELECT {dated} FROM rows")
            db.unregister("rows")
    return db


MONTHS = """
SELECT date_trunc('month', day)::DATE AS month, count(usd) AS priced_days, median(usd) AS median_usd,
       min(low) AS low, max(high) AS high
FROM daily_price
WHERE engine = 'path'
GROUP BY ALL
ORDER BY month
"""

if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else "."
    print(attach(folder).sql(MONTHS))
