"use strict";
// The page of a day: its amounts under the comb, and the price through the day.

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

// ---- the amounts under the comb ----

const { edges, all, counted } = data.amounts;
const middles = all.map((_, i) => Math.sqrt(Math.max(edges[i], 1) * edges[i + 1]));
let laid = found;

/** What an amount is worth at the price laid on. */
const worth = (sats) => (sats / SATS) * laid;

/** The teeth of the comb from `min` to `max` sats: `[sats, usd, weight]`. */
function teeth(min, max) {
  const out = [];
  if (laid === null) return out;
  for (let power = Math.floor(Math.log10(worth(min))) - 1; power <= Math.log10(worth(max)); power++) {
    for (const [digit, weight] of data.teeth) {
      const usd = digit * 10 ** power;
      const sats = (usd / laid) * SATS;
      if (sats >= min && sats <= max) out.push([sats, Number(usd.toPrecision(6)), weight]);
    }
  }
  return out;
}

// A round amount was paid at one of the day's prices: a tooth is as wide as the way from low to high.
const WIDE = data.amounts.wide;

/** Which bins lie on a tooth. */
function atTeeth() {
  const near = new Uint8Array(all.length);
  for (const [sats] of teeth(edges[0] || 1, edges[edges.length - 1])) {
    for (let i = 0; i < all.length; i++) if (edges[i] <= sats * WIDE[1] && edges[i + 1] >= sats * WIDE[0]) near[i] = 1;
  }
  return near;
}

function drawAmounts(u) {
  const { ctx, bbox } = u;
  const scale = devicePixelRatio || 1;
  const [min, max] = [u.scales.x.min, u.scales.x.max];
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top - 2, bbox.width, bbox.height + 2);
  ctx.clip();
  for (const [sats, , weight] of teeth(min, max)) {
    const [left, x, right] = [sats * WIDE[0], sats, sats * WIDE[1]].map((at) => u.valToPos(at, "x", true));
    ctx.fillStyle = colours.tooth;
    ctx.globalAlpha = Math.max(0.1, weight / 4);
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
    ctx.globalAlpha = Math.max(0.2, Math.min(1, weight / 1.4));
    ctx.fillRect(x - scale / 2, bbox.top, scale, bbox.height);
  }
  ctx.globalAlpha = 1;
  const near = atTeeth();
  const bottom = u.valToPos(0, "y", true);
  for (let i = 0; i < all.length; i++) {
    if (!all[i] || edges[i + 1] < min || edges[i] > max) continue;
    const left = u.valToPos(Math.max(edges[i], 1), "x", true);
    const width = Math.max(scale, u.valToPos(edges[i + 1], "x", true) - left - (scale > 1 ? 1 : 0.25));
    const bar = (count, colour) => {
      const top = u.valToPos(count, "y", true);
      ctx.fillStyle = colours[colour];
      ctx.fillRect(left, top, width, bottom - top);
    };
    bar(all[i], "bar-left-out");
    bar(counted[i], near[i] && laid !== null ? "bar-round" : "bar");
  }
  ctx.restore();
}

/** The number of outputs at the top of the y axis: spikes round in bitcoin may be cut off. */
function tallest(u) {
  let top = 1;
  const [from, to] = inView(u);
  for (let i = from; i <= to; i++) top = Math.max(top, counted[i] * 1.06, Math.min(all[i], counted[i] * 2));
  return top;
}

const btcLabel = (sats) => {
  const btc = sats / SATS;
  return (btc >= 0.001 ? btc : btc.toFixed(8).replace(/0+$/, "")) + " BTC";
};

const amountsChart = {
  root: $("amounts"),
  height: () => (narrow() ? 280 : 380),
  series: () => [middles, all],
  options: {
    scales: { x: { time: false, distr: 3 }, y: { range: (u) => [0, tallest(u)] } },
    axes: [
      axis({
        size: 30,
        grid: { show: false },
        splits: (u, i, min, max) => {
          if (laid === null) return logNumbers(min, max, u.width / 80);
          const room = (u.width / Math.log10(max / min)) * 0.18; // between 1, 2 and 5: a fifth of a decade or more
          const main = teeth(min, max).filter(([, usd]) => /^[125]/.test(usd.toExponential()) && /^.(e|\.0*e)/.test(usd.toExponential()));
          return main.filter(([, usd]) => room > 26 || usd.toExponential().startsWith("1")).map(([sats]) => sats);
        },
        filter: (u, splits) => splits,
        values: (u, splits) => splits.map((sats) => (laid === null ? btcLabel(sats) : axisDollars(Number(worth(sats).toPrecision(3))))),
      }),
      valueAxis(grouped, { splits: (u, i, min, max) => roundNumbers(min, max, u.height / 60).filter(Number.isInteger) }),
    ],
    series: [{}, { paths: () => null, points: { show: false } }],
    hooks: { drawAxes: [drawAmounts] },
    cursor: { points: { show: false } },
  },
};
const amountCharts = new Charts($("amounts-charts"), middles, [amountsChart], readAmount, true);
// The fullest bin, until another is pointed at.
amountCharts.at = counted.indexOf(counted.reduce((a, b) => Math.max(a, b), 0));
readAmount(amountCharts.at);

function readAmount(i) {
  const btc = (sats) => (sats / SATS).toFixed(8);
  const range = [Math.max(edges[i], 1), edges[i + 1]];
  readOut($("amount-readout"), [
    ["worth", laid === null ? "no price" : dollars(worth(range[0])) + " – " + dollars(worth(range[1])), laid === null ? null : worth(middles[i])],
    ["btc", btc(range[0]) + " – " + btc(range[1]) + " BTC", range[0]],
    ["all", grouped(all[i]), all[i]],
    ["left-out", grouped(all[i] - counted[i]), all[i] - counted[i]],
  ]);
  return (laid === null ? btc(middles[i]) + " BTC" : dollars(worth(middles[i]))) + ": " + grouped(all[i]) + " outputs";
}

// ---- another price ----

const curve = data.curve ?? [];
let curveChart = null;

/** The curve repeats every decade. */
function scoreAt(usd) {
  const [first, last] = [curve[0][0], curve[curve.length - 1][0]];
  const decade = Math.log10(last / first) * (curve.length / (curve.length - 1));
  let at = (Math.log10(usd / first) / decade) % 1;
  if (at < 0) at += 1;
  return curve[Math.min(curve.length - 1, Math.round(at * curve.length))][1];
}

function drawCurveMarks(u) {
  const { ctx, bbox } = u;
  const scale = devicePixelRatio || 1;
  ctx.save();
  for (const [usd, colour, dash] of [[found, "muted", [4, 4]], [laid, "bar-round", []]]) {
    const x = u.valToPos(usd, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = colours[colour];
    ctx.setLineDash(dash.map((d) => d * scale));
    ctx.lineWidth = 2 * scale;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

const LAID_STEPS = 4000;
function lay(usd) {
  laid = usd;
  const off = laid / found - 1;
  $("laid").value = Math.round((Math.log10(laid / found) + 0.5) * LAID_STEPS);
  const words = dollars(laid) + (Math.abs(off) < 1e-9 ? " (found)" : " (" + signed(off) + ")") + ", score " + scoreAt(laid).toFixed(1);
  $("laid-at").textContent = words;
  $("laid-at").dataset.value = laid;
  $("laid").setAttribute("aria-valuetext", words);
  amountCharts.redraw();
  curveChart.redraw(false);
  readAmount(amountCharts.at);
}

if (found !== null && curve.length > 2) {
  $("try").hidden = false;
  const part = {
    root: $("curve"),
    height: () => 150,
    series: () => [curve.map(([usd]) => usd), curve.map(([, score]) => score)],
  };
  curveChart = new uPlot({
    width: Math.max(200, part.root.clientWidth), height: part.height(), legend: { show: false },
    padding: [8, 24, 6, 0],
    cursor: { drag: { x: false, y: false, setScale: false } },
    scales: { x: { time: false, distr: 3, range: (u, min, max) => [min, max] } },
    axes: [
      axis({ size: 30, splits: (u, i, min, max) => logNumbers(min, max, u.width / 70), filter: (u, s) => s, values: (u, numbers) => numbers.map(axisDollars) }),
      valueAxis((n) => String(n), { splits: (u, i, min, max) => roundNumbers(min, max, 5) }),
    ],
    series: [{}, { stroke: () => colours.bar, width: 1.5, fill: () => colours.grid, points: { show: false } }],
    hooks: { draw: [drawCurveMarks] },
  }, part.series(), part.root);
  curveChart.root.setAttribute("aria-hidden", "true");
  curveChart.over.addEventListener("click", () => {
    const { left } = curveChart.cursor;
    if (left >= 0) lay(curveChart.posToVal(left, "x"));
  });
  onTheme.push(() => curveChart.redraw(false, true));
  new ResizeObserver(() => curveChart.setSize({ width: Math.max(200, part.root.clientWidth), height: part.height() })).observe(part.root);
  $("laid").addEventListener("input", () => {
    const usd = found * 10 ** ($("laid").value / LAID_STEPS - 0.5);
    // The slider's steps do not hit the price found by themselves.
    lay(Math.abs(usd / found - 1) < 3e-4 ? found : usd);
  });
  lay(found);
}

// ---- buttons ----

buttons(document, charts, {
  found: () => lay(found),
  half: () => lay(found / 2),
  double: () => lay(found * 2),
  step: (button) => lay(Math.max(found / 3.1, Math.min(found * 3.1, laid * Number(button.dataset.by)))),
  cloud(button) {
    cloudShown = data.cloud !== null && !cloudShown;
    button.setAttribute("aria-pressed", cloudShown);
    charts.redraw();
  },
  height(button) {
    byHeight = !byHeight;
    button.setAttribute("aria-pressed", byHeight);
    charts.xs = xs();
    charts.main.setData(pathChart.series(), false);
    charts.reset();
  },
  async png() {
    const parts = [[$("amounts").dataset.caption, amountCharts.main.ctx.canvas], [$("path").dataset.caption, charts.main.ctx.canvas]];
    save(await picture(document.querySelector("h1").textContent, parts), "blkprice-" + data.day + ".png");
  },
  csv() {
    const names = ["height", "time", "usd", "low", "high"];
    const text = csv(names, names.map((name) => blocks[name]), (i) => blocks.usd[i] !== null);
    copy(text, grouped(blocks.usd.filter((usd) => usd !== null).length) + " blocks as CSV", "blkprice-" + data.day + ".csv");
  },
});

/** The whole day, and a block of the neighbours' where header times say so. */
charts.whole = () => {
  const x = xs();
  const ends = [x[0], x[COUNT - 1]];
  return byHeight ? [ends[0] - 1, ends[1]] : [Math.min(data.midnight, ends[0]), Math.max(data.complete ? data.midnight + DAY : 0, ends[1])];
};
if (laid === null) document.querySelector(".bar-round").parentElement.hidden = true;
charts.reset();
if (COUNT) readBlock(COUNT - 1);
amountCharts.zoom(...data.amounts.shown);
document.documentElement.dataset.ready = Math.round(performance.now());
