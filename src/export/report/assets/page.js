"use strict";
// What both pages share: the data, numbers, colours, saving and copying.

const data = JSON.parse(document.getElementById("data").textContent);
const DAY = 86400;
const $ = (id) => document.getElementById(id);

// ---- numbers and dates ----

const grouped = (n) => Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, ",");

/** An amount of dollars as people read it. */
function dollars(usd) {
  if (typeof usd !== "number") return "–";
  if (usd < 0) return "−" + dollars(-usd);
  if (usd >= 1000) return "$" + grouped(usd);
  if (usd >= 1) return "$" + usd.toFixed(2).replace(/\.00$/, "");
  return usd === 0 ? "$0" : "$" + Number(usd.toPrecision(3));
}

const narrow = () => innerWidth < 640;

/** The same, short enough for an axis: on a phone from $100,000 on by the thousand. */
function axisDollars(usd) {
  if (usd >= 1e6) return "$" + Number((usd / 1e6).toPrecision(4)) + "M";
  return narrow() && usd >= 1e5 ? "$" + Number((usd / 1e3).toPrecision(5)) + "k" : dollars(usd);
}

const interval = (low, high) => (typeof low === "number" && typeof high === "number" ? dollars(low) + " – " + dollars(high) : "–");
const signed = (share) => (share < 0 ? "−" : "+") + Math.abs(share * 100).toFixed(2) + " %";
const dayText = (day) => new Date(day * 864e5).toISOString().slice(0, 10);
const timeText = (time) => new Date(time * 1e3).toISOString().slice(0, 16).replace("T", " ") + " UTC";

/** A number as the CSV export writes it: no exponent. */
function plain(value) {
  const text = String(value);
  return typeof value === "number" && text.includes("e") ? value.toFixed(20).replace(/\.?0+$/, "") : text;
}

function csvField(value) {
  const text = value === null || value === undefined ? "" : plain(value);
  return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
}

/** Columns as CSV, those rows that `keep` says. */
function csv(names, columns, keep) {
  const lines = [names.map(csvField).join(",")];
  const rows = columns.length ? columns[0].length : 0;
  for (let i = 0; i < rows; i++) if (keep(i)) lines.push(columns.map((column) => csvField(column[i])).join(","));
  return lines.join("\n") + "\n";
}

// ---- light and dark ----

const KEPT = "blkprice-theme";
let colours = {};
const onTheme = [];

function kept(value) {
  // A page from a file may have no storage.
  try {
    if (value === undefined) return localStorage.getItem(KEPT);
    localStorage.setItem(KEPT, value);
  } catch { /* then it is not kept */ }
  return null;
}

function takeColours() {
  const style = getComputedStyle(document.documentElement);
  const seen = {};
  for (const name of ["panel", "ink", "muted", "rule", "grid", "price", "band68", "band95", "cloud", "v91", "confidence",
    "confidence-fill", "bar", "bar-round", "bar-left-out", "tooth", "ok", "weak", "partial", "none", "unsupported", "unpriced",
    "missing", "focus"]) seen[name] = style.getPropertyValue("--" + name).trim();
  colours = seen;
}

function setTheme(theme) {
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  takeColours();
  onTheme.forEach((redraw) => redraw());
}

setTheme(kept());
$("theme").addEventListener("click", () => {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark";
  const next = dark ? "light" : "dark";
  kept(next);
  setTheme(next);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTheme());

// ---- saying, saving, copying ----

let silence;
function say(text) {
  $("said").textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => { $("said").textContent = ""; }, 4000);
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  say("Saved " + name);
}

/** Copies `text`; where the browser refuses, by the old command; where that fails too, saves it as a file. */
async function copy(text, what, name) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    if (!copied) return save(new Blob([text], { type: "text/csv" }), name);
  }
  say("Copied " + what);
}

/** One picture of charts and canvases below each other: `parts` are `[caption, canvas]`. */
function picture(title, parts) {
  const scale = devicePixelRatio || 1;
  const margin = 16 * scale;
  const width = Math.max(...parts.map(([, canvas]) => canvas.width)) + 2 * margin;
  const height = parts.reduce((sum, [, canvas]) => sum + canvas.height + 34 * scale, 60 * scale);
  const out = document.createElement("canvas");
  out.width = width;
  out.height = height;
  const ctx = out.getContext("2d");
  const font = getComputedStyle(document.body).fontFamily;
  ctx.fillStyle = colours.panel;
  ctx.fillRect(0, 0, width, height);
  ctx.fillStyle = colours.ink;
  ctx.font = "600 " + 19 * scale + "px " + font;
  ctx.fillText(title, margin, 34 * scale, width - 2 * margin);
  let y = 52 * scale;
  for (const [caption, canvas] of parts) {
    ctx.fillStyle = colours.muted;
    ctx.font = 13 * scale + "px " + font;
    ctx.fillText(caption, margin, y + 14 * scale, width - 2 * margin);
    ctx.drawImage(canvas, margin, y + 22 * scale);
    y += canvas.height + 34 * scale;
  }
  return new Promise((done) => out.toBlob(done, "image/png"));
}

// ---- buttons and readouts ----

/** Buttons of a group of charts, by their `data-do`. */
function buttons(root, charts, more) {
  const does = {
    in: () => charts.by(0.5), out: () => charts.by(2), left: () => charts.pan(-0.25), right: () => charts.pan(0.25),
    reset: () => charts.reset(), ...more,
  };
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-do]");
    if (button && does[button.dataset.do]) does[button.dataset.do](button);
  });
}

/** Fills a readout: `values` are `[field, text, exact value]`. */
function readOut(root, values) {
  for (const [field, text, value] of values) {
    const place = root.querySelector('[data-field="' + field + '"]');
    if (!place) continue;
    place.textContent = text;
    if (value === null || value === undefined) delete place.dataset.value;
    else place.dataset.value = value;
  }
}
