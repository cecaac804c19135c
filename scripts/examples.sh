#!/bin/sh
# Runs all that examples/ has, over exports of a database, and checks the answers: types, counts, sums, medians, entropy.
#
#   scripts/examples.sh [DATABASE]
#
# Without a database a synthetic one of 75 days is made, the first two weeks without a price by v9.1. Needs the Rust
# toolchain and python3; each of duckdb, polars, pandas with pyarrow, and pyspark with Java 17 that is not there is
# SKIPPED, loudly: `pip install duckdb polars pandas pyarrow pyspark`. With REQUIRE_ALL=1 what is SKIPPED is an error.
# Nothing is fetched from the network. The exit code is not 0 where an answer is wrong. BLKPRICE names a program that is
# built already, with Parquet; EXAMPLES_PYTHON another python3.
set -eu

# A relative path is meant from where this was started. Links stay: a Python's environment is found by its own path.
from_here() {
  case $1 in
    /*) echo "$1" ;;
    *) echo "$PWD/$1" ;;
  esac
}
[ $# -eq 0 ] || database=$(from_here "$1")
case ${BLKPRICE:-} in */*) BLKPRICE=$(from_here "$BLKPRICE") ;; esac
python=${EXAMPLES_PYTHON:-python3}
case $python in */*) python=$(from_here "$python") ;; esac

cd "$(dirname "$0")/.."
if ! command -v "$python" >/dev/null; then
  echo "SKIPPED all examples: there is no $python" >&2
  [ "${REQUIRE_ALL:-0}" != 1 ]
  exit
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

if [ -z "${BLKPRICE:-}" ]; then
  cargo build --locked --features parquet --bin blkprice
  BLKPRICE=${CARGO_TARGET_DIR:-target}/debug/blkprice
fi
if [ -n "${database:-}" ]; then
  # A copy that holds all of it, whatever writes the original meanwhile.
  "$python" - "$database" "$folder/blkprice.db" <<'PYTHON'
import sqlite3, sys
from pathlib import Path
source = sqlite3.connect(Path(sys.argv[1]).resolve().as_uri() + "?mode=ro", uri=True)
with sqlite3.connect(sys.argv[2]) as copy:
    source.backup(copy)
PYTHON
else
  cargo run --locked --quiet --features parquet --example bench-store -- \
    --db "$folder/blkprice.db" --from 2023-12-01 --days 75 --transactions-a-day 10000
  "$BLKPRICE" price --db "$folder/blkprice.db"
fi

export_() { "$BLKPRICE" export "$@" --db "$folder/blkprice.db"; }
mkdir "$folder/csv"
for table in prices activity block-prices outputs; do
  export_ $table -o "$folder/csv/$table.csv"
done
export_ prices --engine v9.1 -o "$folder/csv/prices-v91.csv"
for table in prices activity block-prices; do
  export_ $table --format parquet -o "$folder/$table.parquet"
done
export_ prices --engine v9.1 --format parquet -o "$folder/prices-v91.parquet"
# Twice, as a nightly job does: the second run replaces the first.
export_ outputs --format parquet --partition-by month -o "$folder/outputs"
export_ outputs --format parquet --partition-by month -o "$folder/outputs"

"$python" scripts/check_examples.py "$folder"
