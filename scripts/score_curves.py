#!/usr/bin/env python3
"""Draws the score curves of single days from a database, with the true range marked.

    scripts/score_curves.py blkprice DB TRUTH.csv DAY [DAY ...] > docs/score-curves.svg

BLKPRICE is the program (for `price --explain --json`); TRUTH.csv has date, low and high.
"""

import csv
import json
import math
import subprocess
import sys

WIDTH, PANEL, LEFT, RIGHT, GAP = 900, 190, 50, 20, 46


def panel(curve, peaks, low, high, title, top):
    start, end = math.log(curve[0][0]), math.log(curve[-1][0])
    least = min(score for _, score in curve)
    most = max(score for _, score in curve)

    def x(usd):
        return LEFT + (math.log(usd) - start) / (end - start) * (WIDTH - LEFT - RIGHT)

    def y(score):
        return top + PANEL - (score - least) / (most - least) * (PANEL - 24)

    out = [f'<text x="{LEFT}" y="{top + 6}" font-size="14" fill="#1a1a1a">{title}</text>']
    for shift in (-1, 0, 1):
        # The curve repeats itself in every decade, so the truth is marked where it falls in this one.
        a, b = low * 10**shift, high * 10**shift
        if b > curve[0][0] and a < curve[-1][0]:
            a, b = max(a, curve[0][0]), min(b, curve[-1][0])
            out.append(
                f'<rect x="{x(a):.1f}" y="{top + 14}" width="{max(x(b) - x(a), 2):.1f}" height="{PANEL - 14}" '
                'fill="#f2c48d"/>'
            )
    points = " ".join(f"{x(usd):.1f},{y(score):.1f}" for usd, score in curve)
    out.append(f'<polyline points="{points}" fill="none" stroke="#34566f" stroke-width="1.3"/>')
    out.append(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{top + PANEL}" y2="{top + PANEL}" stroke="#1a1a1a"/>'
    )
    for step in range(0, 11):
        usd = math.exp(start + (end - start) * step / 10)
        out.append(
            f'<text x="{x(usd):.1f}" y="{top + PANEL + 16}" font-size="11" text-anchor="middle" '
            f'fill="#555555">${usd:,.0f}</text>'
        )
    for peak in peaks[:2]:
        if curve[0][0] <= peak["usd"] <= curve[-1][0]:
            out.append(
                f'<text x="{x(peak["usd"]):.1f}" y="{top + 26}" font-size="12" text-anchor="middle" '
                f'fill="#1a1a1a">{peak["share"] * 100:.0f} %</text>'
            )
    return out


def main(program, database, truth, days):
    with open(truth, encoding="utf-8") as file:
        known = {row["date"]: row for row in csv.DictReader(file)}
    height = 20 + len(days) * (PANEL + GAP)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" role="img">',
        f"<title>Score curves of {', '.join(days)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for at, day in enumerate(days):
        told = subprocess.run(
            [program, "price", "--explain", day, "--json", "--db", database],
            check=True, capture_output=True, text=True,
        )
        told = json.loads(told.stdout)
        low, high = float(known[day]["low"]), float(known[day]["high"])
        title = f"{day}: true range ${low:,.0f} to ${high:,.0f} (shaded); share of the two best neighbourhoods"
        out += panel(told["curve"], told["peaks"], low, high, title, 20 + at * (PANEL + GAP))
    out.append("</svg>")
    print("\n".join(out))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
