"use strict";
// The page of a day: the price through the day.

const found = data.path?.usd ?? null;
const blocks = data.blocks;
const COUNT = blocks.height.length;
const SATS = 1e8;

// ---- the price through the day ----

// Header times may step back; the chain does not.
const clock = [];
for (const time of blocks.time) clock.push(Math.max(time, clock.length ? clock[clock.length - 1] + 1 : time));
let byHeight = false;
let charts = null;
let cloudShown = data.cloud !== null;
const xs = () => (byHeight ? blocks.height : clock);

/** Where the points of block `i` lie along the x axis: between the block before and itself, in no order. */
function spread(i) {
  const x = xs();
  const from = i > 0 ? x[i - 1] : x[0] - (byHeight ? 1 : 600);
  return { from, width: x[i] - from };
}

function drawCloud(u) {
  if (!cloudShown) return;
  const { ctx, bbox } = u;
  const { low, high, steps, points } = data.cloud;
  const total = points.reduce((sum, block) => sum + block.length, 0);
  const scale = devicePixelRatio || 1;
  const [min, max] = [u.scales.x.min, u.scales.x.max];
  const part = Math.min(1, (max - min) / Math.max(1, xs()[COUNT - 1] - xs()[0]));
  // The fewer there are on a stretch of the screen, the larger and darker each.
  const density = Math.max(1e-4, (total * part) / (u.over.clientWidth * u.over.clientHeight));
  const size = Math.max(1, Math.min(2.6, 0.28 / Math.sqrt(density))) * scale;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colours.cloud;
  ctx.globalAlpha = Math.max(0.1, Math.min(0.7, 0.019 / density));
  const y = (usd) => u.valToPos(usd, "y", true);
  const [top, bottom] = [y(high), y(low)];
  for (let i = 0; i < COUNT; i++) {
    const { from, width } = spread(i);
    if (from > max || from + width < min) continue;
    const [left, right] = [u.valToPos(from, "x", true), u.valToPos(from + width, "x", true)];
    points[i].forEach((step, k) => {
      const share = (k * 0.6180339887 + i * 0.414) % 1;
      ctx.fillRect(left + (right - left) * share - size / 2, bottom + (top - bottom) * (step / steps) - size / 2, size, size);
    });
  }
  ctx.restore();
}

/** Whether both ends of the day are in view. */
function isWhole(u) {
  const [first, last] = charts ? charts.whole() : [0, 0];
  return u.scales.x.min <= first && u.scales.x.max >= last;
}

/** Open, high, low and close at their places. */
function drawMarks(u) {
  const row = data.path;
  if (!row || found === null) return;
  const { ctx, bbox } = u;
  const scale = devicePixelRatio || 1;
  ctx.save();
  ctx.font = "600 " + 12 * scale + "px system-ui, sans-serif";
  const y = (usd) => u.valToPos(usd, "y", true);
  const inside = (at) => at > bbox.top && at < bbox.top + bbox.height;
  ctx.setLineDash([3 * scale, 4 * scale]);
  ctx.lineWidth = scale;
  for (const [name, usd, side] of [["high", row.high, -1], ["low", row.low, 1]]) {
    if (typeof usd !== "number" || !inside(y(usd))) continue;
    ctx.strokeStyle = ctx.fillStyle = colours.ink;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y(usd));
    ctx.lineTo(bbox.left + bbox.width, y(usd));
    ctx.stroke();
    ctx.textAlign = "center";
    tag(ctx, name + " " + dollars(usd), bbox.left + bbox.width / 2, y(usd) + (side > 0 ? 16 : -7) * scale, scale);
  }
  // The day's first and last block are not its ends.
  ctx.strokeStyle = colours.price;
  ctx.lineWidth = 1.5 * scale;
  ctx.setLineDash([2 * scale, 3 * scale]);
  const places = blocks.usd.map((usd, i) => (usd === null ? -1 : i)).filter((i) => i >= 0);
  const [first, last] = [places[0], places[places.length - 1]];
  for (const [block, usd, edge] of [[first, row.open, bbox.left], [last, row.close, bbox.left + bbox.width]]) {
    if (block === undefined || typeof usd !== "number" || !isWhole(u)) continue;
    ctx.beginPath();
    ctx.moveTo(u.valToPos(xs()[block], "x", true), y(blocks.usd[block]));
    ctx.lineTo(edge, y(usd));
    ctx.stroke();
  }
  ctx.setLineDash([]);
  for (const [name, usd, left] of [["open", row.open, true], ["close", row.close, false]]) {
    if (typeof usd !== "number" || !inside(y(usd)) || !isWhole(u)) continue;
    const x = left ? bbox.left : bbox.left + bbox.width;
    const inwards = (left ? 1 : -1) * scale;
    ctx.fillStyle = colours.ink;
    ctx.beginPath();
    ctx.moveTo(x, y(usd) - 6 * scale);
    ctx.lineTo(x + 9 * inwards, y(usd));
    ctx.lineTo(x, y(usd) + 6 * scale);
    ctx.fill();
    ctx.textAlign = left ? "left" : "right";
    tag(ctx, name + " " + dollars(usd), x + 4 * inwards, y(usd) - 11 * scale, scale);
  }
  ctx.restore();
}

/** Text that can be read over points. */
function tag(ctx, text, x, y, scale) {
  ctx.lineWidth = 4 * scale;
  ctx.lineJoin = "round";
  ctx.strokeStyle = colours.panel;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = colours.ink;
  ctx.fillText(text, x, y);
  ctx.lineWidth = scale;
}

const priced = found !== null || blocks.usd.some((usd) => usd !== null);
const ends = (() => {
  const all = [...blocks.usd, ...blocks.low, ...blocks.high, data.path?.low, data.path?.high].filter((usd) => typeof usd === "number" && usd > 0);
  if (data.cloud) all.push(data.cloud.low, data.cloud.high);
  return all.length ? [Math.min(...all), Math.max(...all)] : [0, 1];
})();

const pathChart = {
  root: $("path"),
  height: () => (narrow() ? 300 : 420),
  series: () => [xs(), blocks.usd, blocks.low, blocks.high],
  options: {
    scales: {
      x: { time: false },
      y: { range: () => ends },
    },
    axes: [
      axis({
        size: 30,
        values: (u, numbers) => numbers.map((n) => (byHeight ? grouped(n) : new Date(n * 1e3).toISOString().slice(11, 16))),
        splits: (u, i, min, max) => {
          const count = u.width / (byHeight ? 90 : 70);
          if (byHeight) return roundNumbers(min, max, count).filter(Number.isInteger);
          const step = [60, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400].find((s) => (max - min) / s <= count) ?? 86400;
          const out = [];
          for (let t = Math.ceil(min / step) * step; t <= max; t += step) out.push(t);
          return out;
        },
      }),
      valueAxis(axisDollars, { splits: (u, i, min, max) => (priced ? roundNumbers(min, max, u.height / 50) : []) }),
    ],
    series: [
      {}, { stroke: () => colours.price, width: 2, points: lonelyPoints("price") },
      { stroke: "transparent", width: 0, points: { show: false } }, { stroke: "transparent", width: 0, points: { show: false } },
    ],
    bands: [{ series: [3, 2], fill: () => colours.band68 }],
    hooks: { drawAxes: [drawCloud], draw: [drawMarks] },
  },
};

charts = new Charts($("charts"), xs(), [pathChart], readBlock);

function readBlock(i) {
  const usd = blocks.usd[i];
  readOut($("readout"), [
    ["height", grouped(blocks.height[i]), blocks.height[i]],
    ["usd", usd === null ? "no price" : dollars(usd), usd],
    ["interval68", interval(blocks.low[i], blocks.high[i]), usd === null ? null : blocks.low[i] + ".." + blocks.high[i]],
    ["time", timeText(blocks.time[i]), blocks.time[i]],
    ["outputs", grouped(blocks.outputs[i]), blocks.outputs[i]],
    ["points", data.cloud ? grouped(data.cloud.points[i].length) : "–", data.cloud?.points[i].length],
  ]);
  return "Block " + blocks.height[i] + ", " + timeText(blocks.time[i]) + ": " +
    (usd === null ? "no price" : dollars(usd) + ", 68 % interval " + interval(blocks.low[i], blocks.high[i]));
}
