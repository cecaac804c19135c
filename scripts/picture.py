#!/usr/bin/env python3
"""Draws docs/round-amounts.svg from a database: a day's payments against the round dollar amounts at the price found.

    blkprice demo --dir demo && scripts/picture.py demo/blkprice.db 2024-02-03 > docs/round-amounts.svg
"""

import math
import sqlite3
import sys

WIDTH, HEIGHT = 900, 380
LEFT, RIGHT, TOP, BOTTOM = 56, 20, 64, 46
LOW, HIGH = 1.0, 3000.0  # USD
ROUND = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000]


def main(database, day):
    store = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    usd, = store.execute(
        "SELECT usd FROM daily_price WHERE day = ? AND engine = 'path'", [day]
    ).fetchone()
    bins = store.execute(
        "SELECT low_sats, high_sats, outputs FROM day_histogram WHERE day = ? ORDER BY bin", [day]
    ).fetchall()
    bars = [(low * usd / 1e8, high * usd / 1e8, count) for low, high, count in bins]
    bars = [bar for bar in bars if bar[0] >= LOW and bar[1] <= HIGH]
    top = max(count for _, _, count in bars)

    def x(value):
        share = math.log(value / LOW) / math.log(HIGH / LOW)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(count):
        return HEIGHT - BOTTOM - count / top * (HEIGHT - TOP - BOTTOM)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" role="img">',
        f"<title>Payments of one day by their value at the price found, {usd:,.0f} USD per BTC</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="26" font-size="17" fill="#1a1a1a">One day of payments, laid on the price '
        f"found: ${usd:,.0f}</text>",
        f'<text x="{LEFT}" y="47" font-size="13" fill="#555555">outputs by value in USD; '
        "the amounts people round to stand out only where the price is right</text>",
    ]
    for value in ROUND:
        out.append(
            f'<line x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" '
            'stroke="#f2c48d" stroke-width="1"/>'
        )
        out.append(
            f'<text x="{x(value):.1f}" y="{HEIGHT - BOTTOM + 20}" font-size="13" text-anchor="middle" '
            f'fill="#1a1a1a">${value:,}</text>'
        )
    for low, high, count in bars:
        near = any(abs(math.log(math.sqrt(low * high) / value)) < 0.012 for value in ROUND)
        out.append(
            f'<rect x="{x(low):.2f}" y="{y(count):.2f}" width="{max(x(high) - x(low) - 0.25, 0.5):.2f}" '
            f'height="{HEIGHT - BOTTOM - y(count):.2f}" fill="{"#d9730d" if near else "#9aa7b5"}"/>'
        )
    out.append(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{HEIGHT - BOTTOM}" y2="{HEIGHT - BOTTOM}" stroke="#1a1a1a"/>'
    )
    for count in range(0, top + 1, max(1, int(round(top / 4, -1)))):
        out.append(
            f'<text x="{LEFT - 8}" y="{y(count) + 4:.1f}" font-size="12" text-anchor="end" fill="#555555">{count}</text>'
        )
    out.append("</svg>")
    print("\n".join(out))


if __name__ == "__main__":
    main(*sys.argv[1:3])
