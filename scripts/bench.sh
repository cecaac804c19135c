#!/usr/bin/env bash
# The speed of a scan beside what others do with the same blocks, as ratios.
#
#   scripts/bench.sh [--gib N] [--runs N] [--dir DIR] [--keep]
#
# Tiles real blocks' transactions into a chain of N GiB (2 unless said; plain and obfuscated, so it takes 2.3 times that
# on the disk of DIR), reads it once to warm the cache, then runs each line in turn, round after round, so that what else
# the machine does falls on all alike. Printed are medians, the spread, ratios of medians, and peak memory (all of it,
# mapped pages included). Needs the Rust toolchain and GNU time. Real blocks come from $BLKPRICE_SHARED/data/real-blocks,
# else one comes with a test dependency.
set -euo pipefail
cd "$(dirname "$0")/.."

gib=2 runs=7 keep=no dir=
while [ $# -gt 0 ]; do
  case $1 in
    --gib) gib=$2; shift ;;
    --runs) runs=$2; shift ;;
    --dir) dir=$2; shift ;;
    --keep) keep=yes ;;
    *) sed -n '4p' "$0" >&2; exit 2 ;;
  esac
  shift
done

cargo build --release --locked --bins --examples
work=$(mktemp -d "${dir:-${TMPDIR:-/tmp}}/blkprice-bench.XXXXXX")
if [ "$keep" = no ]; then trap 'rm -rf "$work"' EXIT; fi
bin=target/release
for kind in plain xor; do
  flag=; if [ $kind = xor ]; then flag=--xor; fi
  "$bin/examples/bench-data" --dir "$work/$kind" --gib "$gib" $flag
done
bytes=$(cat "$work"/plain/blk*.dat | wc -c)
cat "$work"/xor/*.dat > /dev/null

scan() { # folder, threads, flags
  local folder=$1 threads=$2
  shift 2
  rm -f "$work"/scan.db*
  command time -a -o "$work/times" -f '%e %M' \
    "$bin/blkprice" scan --blocks-dir "$work/$folder" --db "$work/scan.db" --threads "$threads" "$@" 2> /dev/null
}
peer() { # what, threads
  command time -a -o "$work/times" -f '%e %M' \
    "$bin/examples/bench-baseline" "$1" "$work/plain" "$2" > /dev/null
}

lines=(
  'bitcoin crate, every block decoded, txids; 1 thread|peer decode 1'
  'bitcoin_slices and sha2, txids alone; 1 thread|peer txids 1'
  'scan --no-undo, 1 thread|scan plain 1 --no-undo'
  'scan --no-undo, obfuscated, 1 thread|scan xor 1 --no-undo'
  'scan, 1 thread|scan plain 1'
  'scan, obfuscated, 1 thread|scan xor 1'
  'bitcoin_slices and sha2, txids alone; 2 threads|peer txids 2'
  'scan --no-undo, 2 threads|scan plain 2 --no-undo'
  'scan, 2 threads|scan plain 2'
)
for ((round = 1; round <= runs; round++)); do
  for i in "${!lines[@]}"; do
    : > "$work/times"
    ${lines[i]#*|}
    cat "$work/times" >> "$work/line-$i"
  done
  echo "round $round of $runs done" >&2
done

# The digest says that all ways of scanning found the same.
for flags in '--no-undo' ''; do
  # shellcheck disable=SC2086 # no flag is no argument
  scan xor 2 $flags
  "$bin/blkprice" status --db "$work/scan.db" --digest | tail -1 >> "$work/digests"
done
if [ "$(sort -u "$work/digests" | wc -l)" != 1 ]; then
  echo 'error: scans with and without undo files differ' >&2
  exit 1
fi

printf '\n%s, %s cores, %s; %s bytes of blocks; medians of %s rounds in turns; load before: %s\n\n' \
  "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$(nproc)" "$(uname -sr)" "$bytes" "$runs" \
  "$(cut -d' ' -f1 /proc/loadavg)"
printf '| what | GB/s | times the txid loop | seconds: median (least–most) | peak MiB |\n|---|---|---|---|---|\n'
base=$(sort -n "$work/line-1" | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}')
for i in "${!lines[@]}"; do
  sort -n "$work/line-$i" | awk -v what="${lines[i]%%|*}" -v bytes="$bytes" -v base="$base" '
    { v[NR] = $1; if ($2 > peak) peak = $2 }
    END {
      m = v[int((NR + 1) / 2)]
      printf "| %s | %.2f | %.2f | %.2f (%.2f–%.2f) | %.0f |\n", what, bytes / m / 1e9, base / m, m, v[1], v[NR], peak / 1024
    }'
done
