"use strict";
// The page of a range: daily prices, confidence, and the engines against each other.

/** A table of the data with its columns written out, and its rows by day. */
function unpack(table) {
  const columns = table.columns.map((column) => {
    if (Array.isArray(column)) return column;
    if (column.days) return column.days;
    if (column.words) return column.at.map((at) => (at < 0 ? null : column.words[at]));
    return new Array(column.times).fill(column.is);
  });
  const day = table.names.indexOf("day");
  const days = day < 0 ? [] : columns[day];
  return { names: table.names, columns, days, day };
}

const FIRST = data.first;
const SPAN = data.last - data.first + 1;
const tables = Object.fromEntries(Object.entries(data.tables).map(([name, table]) => [name, unpack(table)]));

/** A column over all days of the range, stored or not: null where there is none. */
function daily(table, name) {
  const out = new Array(SPAN).fill(null);
  const at = table.names.indexOf(name);
  if (at < 0) return out;
  table.days.forEach((day, i) => { out[day - FIRST] = table.columns[at][i]; });
  return out;
}
/** The same with nothing but positive numbers: what a logarithmic scale can show. */
const positive = (values) => values.map((value) => (typeof value === "number" && value > 0 ? value : null));

const times = Array.from({ length: SPAN }, (_, i) => (FIRST + i) * DAY);
const column = {};
for (const name of ["usd", "open", "high", "low", "close", "low68", "high68", "low95", "high95"]) {
  column[name] = positive(daily(tables.path, name));
}
column.confidence = daily(tables.path, "confidence");
column.v91 = positive(daily(tables.v91, "usd"));
column.off = column.v91.map((v91, i) => (v91 && column.usd[i] ? v91 / column.usd[i] - 1 : null));
column.blocks = daily(tables.activity, "blocks");
column.outputs = daily(tables.activity, "outputs");
column.complete = daily(tables.activity, "complete");
column.height = daily(tables.activity, "last_height");
const STATES = ["ok", "weak", "partial", "none", "unsupported", "unpriced", "missing"];
const states = (table) => daily(table, "status").map((status, i) => {
  if (column.blocks[i] === null) return "missing";
  return status === null ? "unpriced" : STATES.includes(status) ? status : "none";
});
// Where v9.1 has priced nothing, or is not to be shown, nothing is said of it.
const hasV91 = tables.v91.days.length > 0;
for (const part of document.querySelectorAll("[data-v91]")) part.hidden = !hasV91;
const state = { path: states(tables.path), v91: states(tables.v91) };

// ---- the charts ----

let logarithmic = true;
// Where v9.1 alone has prices they are what there is to see.
const shown = { band68: true, band95: true, v91: !column.usd.some((usd) => usd !== null) };
document.querySelector('[data-do="v91"]').setAttribute("aria-pressed", shown.v91);
const when = (name, values) => (shown[name] ? values : new Array(SPAN).fill(null));

const line = (colour, more) => ({ stroke: () => colours[colour], width: 1.6, points: lonelyPoints(colour), ...more });
const edge = { stroke: "transparent", width: 0, points: { show: false } };

/** Ends of an axis that nothing is drawn along: it has no numbers. */
const NOTHING = [1, 10];

/** The lowest and the highest price to be drawn, with the bands as far as they do not flatten the line. */
function inSight(u) {
  const [from, to] = inView(u);
  const ends = (names) => {
    let [min, max] = [Infinity, 0];
    for (const name of names) {
      for (let i = from; i <= to; i++) {
        const usd = column[name][i];
        if (usd !== null) [min, max] = [Math.min(min, usd), Math.max(max, usd)];
      }
    }
    return [min, max];
  };
  const [low, high] = ends(["usd"]);
  if (!high) return shown.v91 && ends(["v91"])[1] ? ends(["v91"]) : NOTHING;
  const also = ["low68", "high68", "low95", "high95", "v91"].filter((name) => name === "v91" ? shown.v91 : shown["band" + name.slice(-2)]);
  const [min, max] = ends(["usd", ...also]);
  return [Math.max(min, low / 1.6), Math.min(max, high * 1.6)];
}

/** Bars for the bands of days without neighbours: between nothing and nothing no band is drawn. */
function drawLonely(u) {
  const { ctx, bbox } = u;
  const scale = devicePixelRatio || 1;
  const wide = ((u.over.clientWidth * DAY) / (u.scales.x.max - u.scales.x.min)) * 0.7;
  ctx.save();
  // A day at the edge of the view has a whole bar.
  ctx.beginPath();
  ctx.rect(bbox.left - 8 * scale, bbox.top, bbox.width + 16 * scale, bbox.height);
  ctx.clip();
  ctx.fillStyle = colours.price;
  for (const [low, high, most, alpha] of [[2, 3, 5, 0.35], [4, 5, 11, 0.45]]) {
    const width = Math.max(1.5, Math.min(most, wide)) * scale;
    ctx.globalAlpha = alpha;
    for (const i of lonely(u.data[low])) {
      if (times[i] < u.scales.x.min || times[i] > u.scales.x.max || u.data[high][i] === null) continue;
      const [x, top, bottom] = [u.valToPos(times[i], "x", true), u.valToPos(u.data[high][i], "y", true), u.valToPos(u.data[low][i], "y", true)];
      ctx.fillRect(x - width / 2, top, width, Math.max(scale, bottom - top));
    }
  }
  ctx.restore();
}

const priceChart = {
  root: $("price"),
  height: () => (narrow() ? 280 : 400),
  series: () => [
    times, column.usd, when("band95", column.low95), when("band95", column.high95), when("band68", column.low68),
    when("band68", column.high68), when("v91", column.v91),
  ],
  options: {
    scales: {
      x: { time: true },
      y: {
        // A scale of its own, so that it can be switched.
        distr: 100,
        fwd: (value) => (logarithmic ? Math.log10(value) : value),
        bwd: (value) => (logarithmic ? 10 ** value : value),
        range: (u) => {
          const [min, max] = inSight(u);
          const room = Math.max(1.01, (max / min) ** 0.06);
          return logarithmic ? [min / room, max * room] : [Math.max(0, min - (max - min || max * 0.1) * 0.06), max + (max - min || max * 0.1) * 0.06];
        },
      },
    },
    axes: [
      axis({ incrs: DAY_STEPS, values: dateLabels, size: 40 }),
      valueAxis(axisDollars, {
        splits: (u, i, min, max) => {
          if (inSight(u) === NOTHING) return [];
          const count = u.height / 45;
          return logarithmic ? logNumbers(min, max, count) : roundNumbers(min, max, count);
        },
        filter: (u, splits) => splits,
      }),
    ],
    series: [
      {}, line("price"), { ...edge }, { ...edge }, { ...edge }, { ...edge },
      { stroke: () => colours.v91, width: 1.2, dash: [4, 3], points: lonelyPoints("v91") },
    ],
    hooks: { drawAxes: [drawLonely] },
    bands: [
      { series: [3, 2], fill: () => colours.band95 },
      { series: [5, 4], fill: () => colours.band68 },
    ],
  },
};

const confidenceChart = {
  root: $("confidence"),
  height: () => 90,
  series: () => [times, column.confidence],
  options: {
    scales: { x: { time: true }, y: { range: [0, 1] } },
    axes: [axis({ show: false, size: 0 }), valueAxis((n) => n.toFixed(1), { splits: () => [0, 0.5, 1] })],
    series: [{}, line("confidence", { width: 1.2, fill: () => colours["confidence-fill"] })],
  },
};

/** All but the wildest differences fit. */
function usualReach() {
  const sizes = column.off.filter((off) => off !== null).map(Math.abs).sort((a, b) => a - b);
  return Math.max(0.01, 1.3 * (sizes[Math.floor(sizes.length * 0.97)] ?? 0));
}
const REACH = usualReach();
const beyond = column.off.filter((off) => off !== null && Math.abs(off) > REACH).length;
if (beyond) $("off-note").textContent = ", " + grouped(beyond) + (beyond === 1 ? " day" : " days") + " off the scale (triangles)";

/** Triangles at the edge where a difference is off the scale, dots elsewhere. */
function drawOff(u) {
  const { ctx } = u;
  const size = devicePixelRatio;
  const zero = u.valToPos(0, "y", true);
  ctx.save();
  ctx.strokeStyle = colours.muted;
  ctx.lineWidth = size;
  ctx.beginPath();
  ctx.moveTo(u.bbox.left, zero);
  ctx.lineTo(u.bbox.left + u.bbox.width, zero);
  ctx.stroke();
  ctx.fillStyle = colours.v91;
  const [from, to] = [u.valToIdx(u.scales.x.min), u.valToIdx(u.scales.x.max)];
  const wide = u.bbox.width / Math.max(1, to - from);
  const radius = Math.max(1.1, Math.min(3, wide / 3 / size)) * size;
  for (let i = from; i <= to; i++) {
    const off = column.off[i];
    if (off === null) continue;
    const x = u.valToPos(times[i], "x", true);
    ctx.beginPath();
    if (Math.abs(off) <= REACH) ctx.arc(x, u.valToPos(off, "y", true), radius, 0, 7);
    else {
      const up = off > 0 ? 1 : -1;
      const tip = up > 0 ? u.bbox.top + 1 : u.bbox.top + u.bbox.height - 1;
      ctx.moveTo(x, tip);
      ctx.lineTo(x - 4 * size, tip + up * 7 * size);
      ctx.lineTo(x + 4 * size, tip + up * 7 * size);
    }
    ctx.fill();
  }
  ctx.restore();
}

const offChart = {
  root: $("off"),
  height: () => 120,
  series: () => [times, column.off],
  options: {
    scales: { x: { time: true }, y: { range: [-REACH, REACH] } },
    axes: [axis({ show: false, size: 0 }), valueAxis((n) => (n * 100).toFixed(Math.abs(n * 100) % 1 > 1e-6 ? 1 : 0) + " %", {
      splits: () => roundNumbers(-REACH, REACH, 4),
    })],
    series: [{}, { paths: () => null, points: { show: false } }],
    hooks: { draw: [drawOff] },
    cursor: { points: { show: false } },
  },
};

const compared = column.off.some((off) => off !== null);
if (compared) $("off").textContent = "";
const charts = new Charts($("charts"), times, compared ? [priceChart, confidenceChart, offChart] : [priceChart, confidenceChart], readDay, { alone: DAY / 2 });

function readDay(i) {
  const c = (name) => column[name][i];
  const off = c("off");
  readOut($("readout"), [
    ["day", dayText(FIRST + i), dayText(FIRST + i)],
    ["usd", c("usd") === null ? "no price" : dollars(c("usd")), c("usd")],
    ["status", state.path[i] === "missing" ? "not stored" : state.path[i], state.path[i]],
    ["interval68", interval(c("low68"), c("high68")), c("low68") && c("low68") + ".." + c("high68")],
    ["interval95", interval(c("low95"), c("high95")), c("low95") && c("low95") + ".." + c("high95")],
    ["open", dollars(c("open")), c("open")],
    ["high", dollars(c("high")), c("high")],
    ["low", dollars(c("low")), c("low")],
    ["close", dollars(c("close")), c("close")],
    ["confidence", c("confidence") === null ? "–" : c("confidence").toFixed(3), c("confidence")],
    ["v91", c("v91") ? dollars(c("v91")) + (off === null ? "" : " (" + signed(off) + ")") : state.v91[i] === "unsupported" ? "unsupported" : "–", c("v91")],
    ["blocks", c("blocks") === null ? "–" : grouped(c("blocks")) + (c("complete") ? "" : ", incomplete"), c("blocks")],
    ["outputs", c("outputs") === null ? "–" : grouped(c("outputs")), c("outputs")],
  ]);
  const link = $("link");
  const day = dayText(FIRST + i);
  const isStored = c("blocks") !== null;
  if (data.dayLink && isStored) link.href = data.dayLink.replace("{day}", day);
  else link.removeAttribute("href");
  // A file knows of no other page, but of how it is made.
  link.textContent = !isStored ? "–" : data.dayLink ? "page of " + day : "blkprice report " + day;
  calendar.mark(i);
  return day + ": " + (c("usd") === null ? "no price" : dollars(c("usd")) + ", 68 % interval " + interval(c("low68"), c("high68"))) +
    ", " + (state.path[i] === "missing" ? "not stored" : state.path[i]);
}
