"""Daily medians and entropy of the amounts in Spark, for questions that outgrow one machine.

    blkprice export prices  --format parquet -o prices.parquet
    blkprice export outputs --format parquet --partition-by month -o outputs/
    python spark_daily.py [FOLDER] [--csv FILE]            # here, on all cores
    spark-submit --master ... spark_daily.py hdfs:///btc   # the same program on a cluster

Needs pyspark and Java 17. The folder may be any that Spark can read.
"""

import argparse
import csv

from pyspark.sql import SparkSession, functions as F


def session():
    """Here unless spark-submit says where; times are shown in UTC, as they are meant."""
    return (
        SparkSession.builder.appName("daily medians and entropy")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )


def daily(spark, folder):
    """Each day: outputs, median amount in sats and USD, and Shannon entropy in bits over 200 bins a decade."""
    # The months are found by the names of their folders; basePath is what they are counted from.
    outputs = spark.read.parquet(f"{folder}/outputs")
    prices = spark.read.parquet(f"{folder}/prices.parquet").select("day", "usd")
    amounts = outputs.groupBy("day").agg(
        F.count("*").alias("outputs"),
        # Exact; over billions of outputs a day use F.approx_percentile.
        F.percentile("sats", F.lit(0.5)).alias("median_sats"),
    )
    # The 1e-10 is for programs whose log10 of a power of ten falls short of a whole number: all bins alike.
    bin = F.floor(F.log10("sats") * 200 + 1e-10).alias("bin")
    n = F.col("n")
    entropy = (
        outputs.groupBy("day", bin)
        .agg(F.count("*").alias("n"))
        .groupBy("day")
        .agg((F.log2(F.sum(n)) - F.sum(n * F.log2(n)) / F.sum(n)).alias("entropy_bits"))
    )
    median_usd = F.round(F.col("median_sats") / 1e8 * F.col("usd").cast("double"), 2)
    return (
        amounts.join(entropy, "day")
        .join(prices, "day", "left")
        .select("day", "outputs", "median_sats", median_usd.alias("median_usd"), "entropy_bits")
        .orderBy("day")
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default=".")
    parser.add_argument("--csv", help="write the table into this file too")
    options = parser.parse_args()
    spark = session()
    table = daily(spark, options.folder)
    table.cache()
    table.show()
    if options.csv:
        with open(options.csv, "w", newline="") as file:
            # A row a day: it fits.
            csv.writer(file).writerows([table.columns, *table.collect()])
    spark.stop()


if __name__ == "__main__":
    main()
