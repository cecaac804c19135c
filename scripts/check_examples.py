#!/usr/bin/env python3
"""Runs what examples/ has over a folder of exports and holds the answers against each other.

    check_examples.py FOLDER     # as scripts/examples.sh fills it

Types are asserted in pandas, Polars, DuckDB and Spark; row counts and sums are held against the CSV; daily medians and
entropy by Polars, DuckDB and Spark against those of the CSV and of the database's own histogram. What is not
installed is SKIPPED, loudly; the exit code is 1 where anything that ran was wrong, and, with REQUIRE_ALL=1 in the environment,
where anything was SKIPPED. All outputs are held in memory here, so the folder should be of some months only.
"""

import csv
import importlib.util
import math
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import traceback
from collections import defaultdict
from contextlib import closing
from datetime import date
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
# The tables, each with a column of whole numbers to add up.
TABLES = {"prices": "outputs", "prices-v91": "outputs", "activity": "outputs", "block-prices": "height", "outputs": "sats"}

# What each column is, in the words of each program.
KINDS = {
    "date": {"day"},
    "time": {"time"},
    "usd": {"usd", "open", "high", "low", "close", "low68", "high68", "low95", "high95"},
    "real": {"confidence"},
    "boolean": {"final", "complete"},
    "text": {"engine", "status", "anchors", "month"},
}
TYPES = {
    "pandas": dict(date="date32[day][pyarrow]", time="timestamp[us, tz=UTC][pyarrow]", usd="decimal128(18, 8)[pyarrow]",
                   real="double[pyarrow]", boolean="bool[pyarrow]", text="string[pyarrow]", integer="int64[pyarrow]"),
    "polars": dict(date="Date", time="Datetime(time_unit='us', time_zone='UTC')", usd="Decimal(precision=18, scale=8)",
                   real="Float64", boolean="Boolean", text="String", integer="Int64"),
    "duckdb": dict(date="DATE", time="TIMESTAMP WITH TIME ZONE", usd="DECIMAL(18,8)", real="DOUBLE", boolean="BOOLEAN",
                   text="VARCHAR", integer="BIGINT"),
    "spark": dict(date="date", time="timestamp", usd="decimal(18,8)", real="double", boolean="boolean", text="string",
                  integer="bigint"),
}


def kind(column):
    return next((kind for kind, names in KINDS.items() if column in names), "integer")


def check(what, found, wanted):
    """One comparison; floats to 12 digits."""
    same = found == wanted
    if isinstance(wanted, float) and isinstance(found, (int, float)):
        same = math.isclose(found, wanted, rel_tol=1e-12, abs_tol=1e-12)
    if not same:
        raise AssertionError(f"{what}: {found!r}, not {wanted!r}")


def check_types(program, table, types):
    for column, found in types.items():
        check(f"{program}: type of {column} in {table}", found, TYPES[program][kind(column)])


def check_daily(who, rows, truth):
    """Rows of day, outputs, median_sats, median_usd, entropy_bits."""
    check(f"{who}: days", [row[0] for row in rows], list(truth))
    for day, outputs, median_sats, median_usd, entropy in rows:
        known = truth[day]
        check(f"{who}: outputs of {day}", outputs, known["outputs"])
        check(f"{who}: median sats of {day}", median_sats, known["median_sats"])
        if known["usd"] is None or median_usd is None:
            check(f"{who}: median USD of {day}", median_usd, known["usd"])
        elif abs(median_usd - known["median_sats"] / 1e8 * known["usd"]) > 0.00501:
            raise AssertionError(f"{who}: median USD of {day}: {median_usd}")
        if abs(entropy - known["entropy_bits"]) > 1e-9:
            raise AssertionError(f"{who}: entropy of {day}: {entropy}, not {known['entropy_bits']}")


def read_csv(folder, table):
    with open(folder / "csv" / f"{table}.csv", newline="") as file:
        yield from csv.DictReader(file)


def truth_of(folder):
    """By day: outputs and median from the CSV, price from the CSV, entropy by SQL over the database."""
    sats = defaultdict(list)
    for row in read_csv(folder, "outputs"):
        sats[row["day"]].append(int(row["sats"]))
    usd = {row["day"]: float(row["usd"]) if row["usd"] else None for row in read_csv(folder, "prices")}
    query = "SELECT day, outputs, low_sats, high_sats FROM day_histogram ORDER BY day, bin"
    bins = defaultdict(list)
    with closing(sqlite3.connect(folder / "blkprice.db")) as store:
        for day, *row in store.execute(query):
            bins[day].append(row)
    truth = {}
    for day, amounts in sats.items():
        n = len(amounts)
        check(f"database: outputs of {day}", sum(row[0] for row in bins[day]), n)
        # The lower middle amount lies in the middle bin by the database's count.
        below = 0
        middle = sorted(amounts)[(n - 1) // 2]
        for count, low, high in bins[day]:
            below += count
            if below > (n - 1) // 2:
                if not low <= middle < (high or math.inf):
                    raise AssertionError(f"database: {middle} sats of {day} are not within {low} to {high}")
                break
        truth[date.fromisoformat(day)] = {
            "outputs": n,
            "median_sats": float(statistics.median(amounts)),
            "usd": usd.get(day),
            "entropy_bits": math.log2(n) - sum(c * math.log2(c) for c, _, _ in bins[day]) / n,
        }
    return truth


def totals_of(folder):
    """By table: the column added up, rows, its sum, days without a price."""
    totals = {}
    for table, column in TABLES.items():
        rows = list(read_csv(folder, table))
        nulls = sum(row.get("usd") == "" for row in rows)
        totals[table] = (column, len(rows), sum(int(row[column]) for row in rows), nulls)
    if totals["prices-v91"][3] == 0:
        print("note: no day without a price in this database")
    return totals


def path_of(folder, table):
    return str(folder / ("outputs/**/*.parquet" if table == "outputs" else f"{table}.parquet"))


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(name, *args):
    """An example as a user runs it."""
    ran = subprocess.run([sys.executable, EXAMPLES / f"{name}.py", *args], capture_output=True, text=True)
    if ran.returncode != 0 or not ran.stdout.strip():
        raise AssertionError(f"{name}.py {args} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")


def with_pandas(folder, truth, totals):
    import pandas as pd
    import pyarrow  # noqa: F401  pandas reads Parquet by it

    for table in TABLES:
        path = folder / "outputs" if table == "outputs" else folder / f"{table}.parquet"
        frame = pd.read_parquet(path, dtype_backend="pyarrow")
        # pyarrow makes the month a dictionary of text.
        check_types("pandas", table, {c: str(t) for c, t in frame.dtypes.items() if c != "month"})
        column, rows, total, nulls = totals[table]
        check(f"pandas: rows of {table}", len(frame), rows)
        check(f"pandas: sum of {column} in {table}", int(frame[column].sum()), total)
        if "usd" in frame:
            check(f"pandas: days without a price in {table}", int(frame["usd"].isna().sum()), nulls)
    # Without Arrow's types, as pandas reads by default: still dates, times and decimals, no text and no float.
    plain = pd.read_parquet(folder / "block-prices.parquet")
    check("pandas: default type of time", str(plain["time"].dtype), "datetime64[us, UTC]")
    check("pandas: default type of a day", type(plain["day"].iloc[0]).__name__, "date")
    check("pandas: default type of a price", type(plain["usd"].iloc[0]).__name__, "Decimal")
    ours = example("pandas_prices")
    prices = ours.load(folder)
    months = ours.months(prices)
    known = defaultdict(list)
    for row in read_csv(folder, "prices"):
        if row["usd"]:
            known[row["day"][:7]].append(float(row["usd"]))
    for month, values in known.items():
        found = months.loc[f"{month}-01"]
        if abs(found["mean"] - statistics.fmean(values)) > 1e-6 or abs(found["low"] - min(values)) > 1e-6:
            raise AssertionError(f"pandas: {month}: {found}")
    run("pandas_prices", folder)


def with_polars(folder, truth, totals):
    import polars as pl

    for table in TABLES:
        frame = pl.scan_parquet(path_of(folder, table), hive_partitioning=table == "outputs")
        check_types("polars", table, {c: str(t) for c, t in frame.collect_schema().items()})
        column, rows, total, nulls = totals[table]
        frame = frame.collect()
        check(f"polars: rows of {table}", len(frame), rows)
        check(f"polars: sum of {column} in {table}", frame[column].sum(), total)
        if "usd" in frame.columns:
            check(f"polars: days without a price in {table}", frame["usd"].null_count(), nulls)
    check("polars: the folder by its name alone", len(pl.read_parquet(folder / "outputs")), totals["outputs"][1])
    check_daily("polars", example("polars_outputs").daily(folder).rows(), truth)
    run("polars_outputs", folder)


def in_order(db, name):
    """The answers of the statements of an SQL example."""
    statements = db.extract_statements((EXAMPLES / f"{name}.sql").read_text())
    return [db.execute(statement).fetchall() for statement in statements]


def with_duckdb(folder, truth, totals):
    import duckdb

    db = duckdb.connect()
    # The examples name their files as seen from the folder.
    db.execute(f"SET file_search_path = '{folder}'")
    db.execute("SET TimeZone = 'UTC'")
    for table in TABLES:
        table_sql = f"read_parquet('{path_of(folder, table)}', hive_partitioning = {table == 'outputs'})"
        described = db.execute(f"DESCRIBE FROM {table_sql}").fetchall()
        check_types("duckdb", table, {row[0]: row[1] for row in described})
        column, *wanted, nulls = totals[table]
        found = db.execute(f"SELECT count(*), coalesce(sum({column}), 0)::BIGINT FROM {table_sql}").fetchone()
        check(f"duckdb: rows and sum of {column} in {table}", found, tuple(wanted))
        if table != "outputs" and table != "activity":
            found = db.execute(f"SELECT count(*) FROM {table_sql} WHERE usd IS NULL").fetchone()
            check(f"duckdb: days without a price in {table}", found, (nulls,))
    daily, one_month, round_share, weeks = in_order(db, "duckdb_parquet")
    check_daily("duckdb", daily, truth)
    january = [d["outputs"] for day, d in truth.items() if day.isoformat().startswith("2024-01")]
    check("duckdb: outputs of 2024-01", sum(row[1] for row in one_month), sum(january))
    check("duckdb: months", len(round_share), len({day.isoformat()[:7] for day in truth}))
    if not weeks or not all(0 < row[1] <= 100 for row in round_share):
        raise AssertionError(f"duckdb: {round_share}, {weeks}")


def with_duckdb_and_sqlite3(folder, truth, totals):
    import duckdb  # noqa: F401  the example's
    import pandas  # noqa: F401

    ours = example("sqlite_to_duckdb")
    db = ours.attach(folder)
    months = db.sql(ours.MONTHS).fetchall()
    check("sqlite3 to duckdb: months", len(months), len({day.isoformat()[:7] for day in truth}))
    found = db.sql("SELECT day, sum(outputs)::BIGINT FROM day_histogram GROUP BY day ORDER BY day").fetchall()
    check("sqlite3 to duckdb: outputs", found, [(day, known["outputs"]) for day, known in truth.items()])
    run("sqlite_to_duckdb", folder)


class Absent(Exception):
    """Something that an example needs is not there."""


def load_sqlite_extension(db):
    """The extension as installed, or out of the Python package that carries it. Nothing is fetched."""
    import duckdb

    db.execute("SET autoinstall_known_extensions = false")
    try:
        db.execute("LOAD sqlite")
        return
    except duckdb.Error as error:
        why = str(error).splitlines()[0]
    spec = importlib.util.find_spec("duckdb_extension_sqlite_scanner")
    for root in spec.submodule_search_locations if spec else []:
        for file in Path(root).glob(f"extensions/v{duckdb.__version__}/*.duckdb_extension"):
            db.load_extension(str(file))
            return
    raise Absent(f"DuckDB {duckdb.__version__} has no extension sqlite here: {why}")


def with_duckdb_over_sqlite(folder, truth, totals):
    import duckdb

    db = duckdb.connect()
    load_sqlite_extension(db)
    db.execute(f"ATTACH '{folder / 'blkprice.db'}' AS chain (TYPE sqlite, READ_ONLY)")
    statements = db.extract_statements((EXAMPLES / "duckdb_sqlite.sql").read_text())
    # The first three load and attach, which is done.
    months, daily, blocks = [db.execute(statement).fetchall() for statement in statements[3:]]
    check("duckdb over sqlite: months", len(months), len({day.isoformat()[:7] for day in truth}))
    check("duckdb over sqlite: blocks", len(blocks), min(5, totals["block-prices"][1]))
    check("duckdb over sqlite: days", [row[0] for row in daily], list(truth))
    for day, outputs, entropy in daily:
        check(f"duckdb over sqlite: outputs of {day}", outputs, truth[day]["outputs"])
        if abs(entropy - truth[day]["entropy_bits"]) > 1e-9:
            raise AssertionError(f"duckdb over sqlite: entropy of {day}: {entropy}")


def with_spark(folder, truth, totals):
    from pyspark.sql import functions as F

    if not shutil.which("java") and "JAVA_HOME" not in os.environ:
        raise Absent("there is no java")
    # A test opens nothing to the network.
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["PYSPARK_SUBMIT_ARGS"] = "--conf spark.ui.enabled=false pyspark-shell"
    table_csv = folder / "spark_daily.csv"
    run("spark_daily", folder, "--csv", table_csv)
    rows = []
    with open(table_csv, newline="") as file:
        for row in csv.DictReader(file):
            usd = float(row["median_usd"]) if row["median_usd"] else None
            rows.append((date.fromisoformat(row["day"]), int(row["outputs"]), float(row["median_sats"]), usd,
                         float(row["entropy_bits"])))
    check_daily("spark", rows, truth)
    spark = example("spark_daily").session()
    spark.sparkContext.setLogLevel("ERROR")
    for table in TABLES:
        frame = spark.read.parquet(str(folder / ("outputs" if table == "outputs" else f"{table}.parquet")))
        check_types("spark", table, dict(frame.dtypes))
        column, rows, total, nulls = totals[table]
        found = frame.agg(F.count("*"), F.coalesce(F.sum(column), F.lit(0))).first()
        check(f"spark: rows and sum of {column} in {table}", tuple(found), (rows, total))
        if "usd" in frame.columns:
            check(f"spark: days without a price in {table}", frame.filter("usd IS NULL").count(), nulls)
    spark.stop()


CHECKS = {
    "pandas": with_pandas,
    "Polars": with_polars,
    "DuckDB over Parquet": with_duckdb,
    "DuckDB over sqlite3": with_duckdb_and_sqlite3,
    "DuckDB over SQLite": with_duckdb_over_sqlite,
    "Spark": with_spark,
}


def main():
    folder = Path(sys.argv[1]).resolve()
    truth, totals = truth_of(folder), totals_of(folder)
    print(f"{len(truth)} days, {totals['outputs'][1]} outputs")
    wrong = skipped = 0
    for name, ask in CHECKS.items():
        try:
            ask(folder, truth, totals)
            print(f"ok       {name}", flush=True)
        except (ModuleNotFoundError, Absent) as error:
            skipped += 1
            print(f"SKIPPED  {name}: {error}", file=sys.stderr, flush=True)
        except Exception as error:  # one that is wrong must not hide the others
            if "No module named" in str(error):  # DuckDB before 2 wants pytz for its times, and says so late
                skipped += 1
                print(f"SKIPPED  {name}: {error}", file=sys.stderr, flush=True)
                continue
            wrong += 1
            trace = "" if isinstance(error, AssertionError) else traceback.format_exc()
            print(f"FAILED   {name}: {error}\n{trace}", file=sys.stderr, flush=True)
    if skipped and os.environ.get("REQUIRE_ALL") == "1":
        print(f"FAILED   {skipped} skipped, and REQUIRE_ALL=1 is set", file=sys.stderr)
        wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
