"use strict";
// The page of a day: its amounts under the comb, laid at the price found or at another.

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

/** Numbers for an axis of amounts in bitcoin, whose labels are long. */
function btcNumbers(min, max, width) {
  const most = width / 105;
  const decades = Math.log10(max / min);
  if (decades < 0.7) return roundNumbers(min, max, most);
  if (most / decades > 10 / 3) return logNumbers(min, max, Infinity); // 1, 2 and 5
  const every = Math.ceil(decades / most);
  return logNumbers(min, max, 0).filter((sats) => Math.round(Math.log10(sats)) % every === 0);
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
          if (laid === null) return btcNumbers(min, max, u.over.clientWidth);
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
const amountCharts = new Charts($("amounts-charts"), middles, [amountsChart], readAmount, { logarithmic: true });
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
