#!/usr/bin/env python3
"""Seconds, megabytes and peak memory of exporting a synthetic database, as a Markdown table (docs/files.md).

    bench_files.py [--days N] [--rounds N]    # 200,000 outputs a day

Builds the release with Parquet; nothing else is needed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"


def size(path):
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def measured(args):
    """Wall seconds, processor seconds and peak memory in MB of a run."""
    began = time.monotonic()
    child = subprocess.Popen(args, stderr=subprocess.DEVNULL)
    memory, ended = 0, 0
    while not ended:
        # What the system tells at the end would count this script, as it was when it started the child.
        with open(f"/proc/{child.pid}/status") as status:
            peak = [line for line in status if line.startswith("VmHWM:")]
        memory = max(memory, *(int(line.split()[1]) for line in peak), 0)
        ended, status, usage = os.wait4(child.pid, os.WNOHANG)
        time.sleep(0.002)
    seconds = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{args} ended with {child.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime, memory * 1024 / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    build = ["cargo", "build", "--release", "--locked", "--features", "parquet"]
    subprocess.run([*build, "--bin", "blkprice", "--example", "bench-store"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        database = folder / "blkprice.db"
        make = [TARGET / "examples/bench-store", "--db", database, "--days", str(options.days)]
        made = subprocess.run([*make, "--transactions-a-day", "200000"], check=True, capture_output=True, text=True)
        outputs = int(made.stdout.split()[0])
        print(f"{outputs:,} outputs of {options.days} days, a database of {size(database) / 1e6:.1f} MB\n")
        print("| format | seconds | processor seconds | million outputs a second | MB | bytes an output | peak memory, MB |")
        print("|---|---|---|---|---|---|---|")
        runs = {}
        targets = {"csv": [], "json": [], "parquet": [], "parquet by month": ["--partition-by", "month"]}
        for _ in range(options.rounds):
            # In turns, so that what else the machine does falls on all alike.
            for name, more in targets.items():
                out = folder / name.replace(" ", "-")
                args = [TARGET / "blkprice", "export", "outputs", "--format", name.split()[0], *more, "-o", out]
                runs.setdefault(name, []).append(measured([*args, "--db", database]))
        for name, of in runs.items():
            wall, processor, memory = (statistics.median(column) for column in zip(*of))
            bytes_out = size(folder / name.replace(" ", "-"))
            print(
                f"| {name} | {wall:.2f} | {processor:.2f} | {outputs / wall / 1e6:.1f} | {bytes_out / 1e6:.1f} "
                f"| {bytes_out / outputs:.2f} | {memory:.0f} |"
            )


if __name__ == "__main__":
    main()
