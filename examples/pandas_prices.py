"""Daily prices in pandas: months, returns, and the price at a time.

    blkprice export prices       --format parquet -o prices.parquet
    blkprice export block-prices --format parquet -o block-prices.parquet
    python pandas_prices.py [FOLDER]
"""

import sys
from pathlib import Path

import pandas as pd


def load(folder):
    """Prices by day. With Arrow's types a day is a date, a price a decimal, and no price is <NA>."""
    prices = pd.read_parquet(Path(folder) / "prices.parquet", dtype_backend="pyarrow")
    return prices.set_index("day")


def months(prices):
    """Low, high and mean of each month, and the yearly volatility of its daily returns in percent."""
    # Statistics want floats: that is the one cast, and it is yours to make.
    usd = prices["usd"].astype("double[pyarrow]").astype(float)
    usd.index = pd.DatetimeIndex(usd.index)
    returns = usd.pct_change(fill_method=None)
    by_month = usd.resample("MS")
    return pd.DataFrame(
        {
            "low": by_month.min(),
            "mean": by_month.mean(),
            "high": by_month.max(),
            "volatility": returns.resample("MS").std() * 365**0.5 * 100,
        }
    )


def at(folder, times):
    """The USD price per BTC at each of these moments: that of the last block before it."""
    blocks = pd.read_parquet(Path(folder) / "block-prices.parquet", columns=["time", "usd"])
    # Header times are not quite in order.
    blocks = blocks.sort_values("time", kind="stable")
    asked = pd.DataFrame({"asked": pd.to_datetime(times, utc=True).astype(blocks["time"].dtype)})
    return pd.merge_asof(asked.sort_values("asked"), blocks, left_on="asked", right_on="time")


if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else "."
    prices = load(folder)
    print(prices[["usd", "open", "high", "low", "close", "confidence", "status"]].tail())
    print(months(prices).round(2))
    noon = [f"{day} 12:00" for day in prices.index[-3:]]
    print(at(folder, noon))
