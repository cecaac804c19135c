"""Daily medians and entropy of the amounts in Polars, over the folder of months, in little memory.

    blkprice export prices  --format parquet -o prices.parquet
    blkprice export outputs --format parquet --partition-by month -o outputs/
    python polars_outputs.py [FOLDER]
"""

import sys
from pathlib import Path

import polars as pl


def outputs(folder):
    """All outputs, lazily: a filter on month, day or height reads only what it needs."""
    return pl.scan_parquet(Path(folder) / "outputs/**/*.parquet", hive_partitioning=True)


def daily(folder):
    """Each day: outputs, median amount in sats and USD, and Shannon entropy in bits over 200 bins a decade."""
    rows = outputs(folder)
    amounts = rows.group_by("day").agg(pl.len().alias("outputs"), pl.col("sats").median().alias("median_sats"))
    # Without the 1e-10 the logarithm of 100,000 sats falls just short of 5, and of its bin.
    bin = (pl.col("sats").log10() * 200 + 1e-10).floor().alias("bin")
    n = pl.col("n").cast(pl.Float64)
    entropy = (
        rows.group_by("day", bin)
        .agg(pl.len().alias("n"))
        .group_by("day")
        .agg((n.sum().log(2) - (n * n.log(2)).sum() / n.sum()).alias("entropy_bits"))
    )
    prices = pl.scan_parquet(Path(folder) / "prices.parquet").select("day", "usd")
    median_usd = pl.col("median_sats") / 1e8 * pl.col("usd").cast(pl.Float64)
    return (
        amounts.join(entropy, on="day")
        .join(prices, on="day", how="left")
        .select("day", "outputs", "median_sats", median_usd.round(2).alias("median_usd"), "entropy_bits")
        .sort("day")
        .collect(engine="streaming")
    )


if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else "."
    print(outputs(folder).collect_schema())
    print(daily(folder))
