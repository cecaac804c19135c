"use strict";
// Scales, and charts that move together.

// ---- scales ----

/** About `count` round numbers from `min` to `max`. */
function roundNumbers(min, max, count) {
  const rough = (max - min) / Math.max(1, count);
  if (!(rough > 0) || !Number.isFinite(rough)) return [min];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough);
  const first = Math.ceil(min / step - 1e-9);
  const out = [];
  for (let k = first; k * step <= max + step * 1e-9; k++) out.push(Number((k * step).toPrecision(12)));
  return out;
}

/** Round numbers for a logarithmic axis: 1, 2, 5 and their like over decades, evenly spaced ones within one. */
function logNumbers(min, max, count) {
  const decades = Math.log10(max / min);
  if (decades < 0.7) return roundNumbers(min, max, count);
  const digits = decades * 3 <= count * 1.5 ? [1, 2, 5] : [1];
  const out = [];
  for (let power = Math.floor(Math.log10(min)); power <= Math.log10(max); power++) {
    for (const digit of digits) {
      const number = Number((digit * 10 ** power).toPrecision(12));
      if (number >= min && number <= max) out.push(number);
    }
  }
  return out;
}

const FONT = "12px system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif";

/** The look of an axis; `more` says what differs. */
const axis = (more) => ({
  stroke: () => colours.muted,
  grid: { stroke: () => colours.grid, width: 1 },
  ticks: { show: false },
  font: FONT,
  gap: 4,
  ...more,
});

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Steps of an axis of days: whole days, months, years. */
const DAY_STEPS = [
  ...[1, 2, 3, 4, 5, 7, 10, 15].map((days) => days * DAY),
  ...[1, 2, 3, 4, 6].map((months) => months * 30 * DAY),
  ...[1, 2, 5, 10].map((years) => years * 365 * DAY),
];

/** Labels of an axis of days, in UTC: years, months or days, as far as they are apart. */
function dateLabels(u, times, axisIndex, space, step) {
  let year = null;
  return times.map((time) => {
    if (time === null) return "";
    const date = new Date(time * 1e3);
    const first = year !== date.getUTCFullYear();
    year = date.getUTCFullYear();
    if (step >= 360 * DAY) return String(year);
    const month = MONTHS[date.getUTCMonth()];
    const label = step >= 28 * DAY ? month : date.getUTCDate() + " " + month;
    return first ? label + "\n" + year : label;
  });
}

/** First and last place of the values in view; of a chart whose scales are being set, in the view to come. */
function inView(u) {
  const [from, to] = u.series[0].idxs ?? [];
  return [from ?? 0, to ?? u.data[0].length - 1];
}

const utc = (time) => uPlot.tzDate(new Date(time * 1e3), "Etc/UTC");
const valueAxis = (label, more) => axis({
  size: () => (narrow() ? 60 : 66),
  values: (u, numbers) => numbers.map(label),
  ...more,
});

// ---- charts that move together ----

/**
 * Charts one below the other that share their x values: the cursor, the zoom and the keys work on all of them.
 * `parts` are `{ root, height, options, series }`; `moved` is called with the place in `xs` that the cursor
 * is at, and says it in words. `alone` is how much of the x axis is seen to both sides of a single value.
 */
class Charts {
  constructor(host, xs, parts, moved, { logarithmic, alone = 1 } = {}) {
    this.host = host;
    this.alone = alone;
    // The x axis in even steps, and back.
    this.to = logarithmic ? Math.log : Number;
    this.from = logarithmic ? Math.exp : Number;
    this.xs = xs;
    this.moved = moved;
    this.at = null;
    const key = uPlot.sync(host.id).key;
    this.plots = parts.map((part) => {
      const options = {
        width: this.width(part.root),
        height: part.height(),
        tzDate: utc,
        legend: { show: false },
        padding: [8, 24, 6, 0],
        ...part.options,
        cursor: {
          sync: { key, setSeries: false },
          drag: { x: true, y: false, setScale: true, dist: 5 },
          y: false,
          // On the line alone: the ends of the bands have no place of their own.
          points: { size: 9, width: 2, fill: (u, series) => (series === 1 ? colours.panel : "transparent") },
          ...part.options.cursor,
        },
      };
      options.hooks = {
        ...options.hooks,
        setScale: [(u, scale) => { if (scale === "x") this.follow(u); }],
        setCursor: [(u) => this.hovered(u)],
      };
      const plot = new uPlot(options, part.series(), part.root);
      plot.root.setAttribute("aria-hidden", "true"); // the group has the label, the readout the values
      this.touch(plot);
      return { plot, part };
    });
    host.addEventListener("keydown", (event) => this.key(event));
    host.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    host.addEventListener("dblclick", () => this.reset());
    new ResizeObserver(() => this.resize()).observe(host);
    onTheme.push(() => this.redraw());
  }

  width(root) { return Math.max(200, root.clientWidth); }
  get main() { return this.plots[0].plot; }
  /** The charts that are shown, each with its caption, for a picture. */
  pictures() {
    const shown = this.plots.filter(({ part }) => part.root.clientWidth > 0);
    return shown.map(({ plot, part }) => [part.root.dataset.caption, plot.ctx.canvas]);
  }
  redraw() { for (const { plot } of this.plots) plot.redraw(false, true); }

  resize() {
    for (const { plot, part } of this.plots) {
      const size = { width: this.width(part.root), height: part.height() };
      if (size.width !== plot.width || size.height !== plot.height) plot.setSize(size);
    }
  }

  /** New values, the same zoom. */
  refresh() { for (const { plot, part } of this.plots) plot.setData(part.series(), false); this.zoom(...this.view()); }

  view() { const { min, max } = this.main.scales.x; return [min, max]; }

  /** The ends of what there is. */
  whole() { return [this.xs[0], this.xs[this.xs.length - 1]]; }

  follow(from) {
    const { min, max } = from.scales.x;
    for (const { plot } of this.plots) {
      const { x } = plot.scales;
      if (plot !== from && (x.min !== min || x.max !== max)) plot.setScale("x", { min, max });
    }
    this.zoomed?.(min, max);
  }

  hovered(u) {
    if (u !== this.main || u.cursor.idx === null || u.cursor.idx === undefined) return;
    if (u.cursor.left < 0 || this.at === u.cursor.idx) return;
    this.at = u.cursor.idx;
    this.spoken = this.moved(this.at);
  }

  /** The cursor to the value at place `at`, which is brought into view. */
  go(at) {
    at = Math.max(0, Math.min(this.xs.length - 1, at));
    const x = this.to(this.xs[at]);
    const [min, max] = this.view().map(this.to);
    const half = (max - min) / 2;
    if (!this.sees(x)) this.put(x - half, x + half);
    this.mark(at);
  }

  /** The cursor to the value at place `at`, which is in view; says it. */
  mark(at) {
    this.at = at;
    for (const { plot } of this.plots) {
      plot.setCursor({ left: plot.valToPos(this.xs[at], "x"), top: plot.over.clientHeight / 2 });
    }
    this.spoken = this.moved(at);
  }

  /** Shows from `min` to `max`, as far as there is something, and not less than a few values. */
  zoom(min, max) { this.put(this.to(min), this.to(max)); }

  /** The same in steps of the axis, which may be logarithmic. */
  put(min, max) {
    const [first, last] = this.whole().map(this.to);
    const least = Math.min(last - first, (4 * (last - first)) / Math.max(1, this.xs.length - 1));
    const middle = (min + max) / 2;
    const width = Math.max(least, Math.min(max - min, last - first));
    min = Math.max(first, Math.min(middle - width / 2, last - width));
    max = min + width;
    if (!(width > 0)) [min, max] = [first - this.alone, first + this.alone]; // a single value
    const { at } = this;
    // At once, so that the cursor can be placed by the new scale.
    for (const { plot } of this.plots) {
      plot.batch(() => plot.setScale("x", { min: this.from(min), max: this.from(max) }));
    }
    // The cursor has stayed where it was on the screen: it belongs to a value.
    if (at !== null && this.sees(this.to(this.xs[at]))) this.mark(at);
  }

  /** Whether `x`, a step of the axis, is in view, its ends included. */
  sees(x) {
    const [min, max] = this.view().map(this.to);
    const rounding = (max - min) * 1e-9;
    return x >= min - rounding && x <= max + rounding;
  }

  /** Zooms around `x`, a step of the axis. */
  around(x, factor) {
    const [min, max] = this.view().map(this.to);
    this.put(x - (x - min) * factor, x + (max - x) * factor);
  }

  by(factor) {
    const [min, max] = this.view().map(this.to);
    const x = this.at === null ? null : this.to(this.xs[this.at]);
    this.around(x !== null && this.sees(x) ? x : (min + max) / 2, factor);
  }

  pan(share) {
    const [min, max] = this.view().map(this.to);
    this.put(min + (max - min) * share, max + (max - min) * share);
  }

  reset() { this.zoom(...this.whole()); }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.at ?? this.xs.length - 1;
    const step = event.shiftKey ? null : 1;
    const does = {
      ArrowLeft: () => (step ? this.go(at - step) : this.pan(-0.25)),
      ArrowRight: () => (step ? this.go(at + step) : this.pan(0.25)),
      PageUp: () => this.go(at - 30),
      PageDown: () => this.go(at + 30),
      Home: () => this.go(0),
      End: () => this.go(this.xs.length - 1),
      "+": () => this.by(0.5),
      "=": () => this.by(0.5),
      "-": () => this.by(2),
      "0": () => this.reset(),
      Escape: () => this.reset(),
    }[event.key];
    if (!does || event.target !== this.host) return;
    does();
    event.preventDefault();
    // Those who see hear nothing, and those who do not see are not told of every mouse move.
    $("spoken").textContent = this.spoken ?? "";
  }

  wheel(event) {
    // A bare wheel scrolls the page.
    if (!event.ctrlKey && !event.shiftKey && !event.metaKey) return;
    event.preventDefault();
    const rect = this.main.over.getBoundingClientRect();
    const x = this.main.posToVal(event.clientX - rect.left, "x");
    this.around(this.to(x), (event.deltaY || event.deltaX) > 0 ? 1.25 : 0.8);
  }

  /** A finger moves the cursor; two zoom. Up and down stays scrolling. */
  touch(plot) {
    const fingers = new Map();
    let before = null;
    const spread = () => {
      const [a, b] = [...fingers.values()];
      return { distance: Math.max(20, Math.abs(a - b)), centre: (a + b) / 2 };
    };
    const over = plot.over;
    over.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "touch") return;
      fingers.set(event.pointerId, event.clientX);
      before = fingers.size === 2 ? spread() : null;
    });
    over.addEventListener("pointermove", (event) => {
      if (!fingers.has(event.pointerId)) return;
      fingers.set(event.pointerId, event.clientX);
      const left = over.getBoundingClientRect().left;
      if (fingers.size === 1) {
        const at = plot.posToIdx(event.clientX - left);
        if (at !== this.at) this.go(at);
      } else if (before) {
        const now = spread();
        this.around(this.to(plot.posToVal(now.centre - left, "x")), before.distance / now.distance);
        before = now;
      }
    });
    for (const end of ["pointerup", "pointercancel"]) {
      over.addEventListener(end, (event) => { fingers.delete(event.pointerId); before = null; });
    }
  }
}

/** A line drawn from places without neighbours would not be seen: those get a point. */
function lonely(values) {
  const has = (i) => typeof values[i] === "number";
  const out = [];
  for (let i = 0; i < values.length; i++) if (has(i) && !has(i - 1) && !has(i + 1)) out.push(i);
  return out;
}
const lonelyPoints = (colour) => ({
  show: true, size: 4, stroke: () => colours[colour], fill: () => colours[colour],
  filter: (u, series) => lonely(u.data[series]),
});
