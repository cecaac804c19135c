"use strict";
// The page of a range: a calendar of what each day is.

const calendar = (() => {
  const canvas = $("calendar");
  const byMonth = SPAN <= 800;
  const rows = new Map();
  const places = new Array(SPAN); // [row, column]
  for (let i = 0; i < SPAN; i++) {
    const date = new Date((FIRST + i) * 864e5);
    const name = date.toISOString().slice(0, byMonth ? 7 : 4);
    if (!rows.has(name)) rows.set(name, rows.size);
    const start = Date.UTC(date.getUTCFullYear(), 0, 1);
    places[i] = [rows.get(name), byMonth ? date.getUTCDate() - 1 : Math.round(((FIRST + i) * 864e5 - start) / 864e5)];
  }
  const columns = byMonth ? 31 : 366;
  const LEFT = byMonth ? 62 : 40;
  const TOP = 18;
  const ROW = byMonth ? 17 : 16;
  let engine = "path";
  let marked = null;
  let resting = null; // all but the mark

  const cell = () => Math.min(byMonth ? 26 : 5, (canvas.clientWidth - LEFT - 2) / columns);

  function draw() {
    const width = canvas.clientWidth;
    if (!width) return;
    const scale = devicePixelRatio || 1;
    const height = TOP + rows.size * ROW + 4;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.height = height + "px";
    const ctx = canvas.getContext("2d", { willReadFrequently: true });
    ctx.scale(scale, scale);
    ctx.font = FONT;
    ctx.fillStyle = colours.muted;
    const size = cell();
    for (const [name, row] of rows) ctx.fillText(name, 0, TOP + row * ROW + ROW - 5);
    if (byMonth) for (const day of [1, 5, 10, 15, 20, 25, 30]) ctx.fillText(day, LEFT + (day - 1) * size + 1, 12);
    else {
      const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
      const every = size < 1.6 ? 3 : 1;
      months.forEach((month, m) => { if (m % every === 0) ctx.fillText(month, LEFT + (m * 30.5) * size, 12); });
    }
    const gap = size > 4 ? 1 : 0;
    for (let i = 0; i < SPAN; i++) {
      const [row, column_] = places[i];
      ctx.fillStyle = colours[state[engine][i]];
      ctx.fillRect(LEFT + column_ * size, TOP + row * ROW, Math.max(size - gap, 0.7) + (gap ? 0 : 0.25), ROW - 3);
      // Whose blocks are not all there has a notch.
      if (column.complete[i] === 0) {
        ctx.fillStyle = colours.panel;
        ctx.fillRect(LEFT + column_ * size, TOP + row * ROW, size - gap, 3);
      }
    }
    resting = ctx.getImageData(0, 0, canvas.width, canvas.height);
    if (marked !== null) outline();
  }

  function outline() {
    const ctx = canvas.getContext("2d");
    const [row, column_] = places[marked];
    const size = cell();
    ctx.strokeStyle = colours.ink;
    ctx.lineWidth = 2;
    ctx.strokeRect(LEFT + column_ * size - 1, TOP + row * ROW - 1, Math.max(size, 3) + 1, ROW - 1);
  }

  function counts() {
    for (const name of STATES) {
      const count = state[engine].reduce((sum, s) => sum + (s === name), 0);
      const item = document.querySelector('.legend [data-state="' + name + '"]');
      item.hidden = count === 0;
      item.querySelector("b").textContent = grouped(count);
      item.dataset.count = count;
    }
    const text = [...document.querySelectorAll(".legend [data-state]")].filter((item) => !item.hidden).map((item) => item.textContent.trim());
    canvas.setAttribute("aria-label", "Calendar of the days, " + (engine === "path" ? "path" : "v9.1") + ": " + text.join(", "));
  }

  function at(event) {
    const rect = canvas.getBoundingClientRect();
    const [row, column_] = [Math.floor((event.clientY - rect.top - TOP) / ROW), Math.floor((event.clientX - rect.left - LEFT) / cell())];
    return places.findIndex((place) => place[0] === row && place[1] === column_);
  }

  for (const kind of ["pointermove", "click"]) {
    canvas.addEventListener(kind, (event) => {
      const i = at(event);
      if (i >= 0 && (kind === "click" || i !== marked)) kind === "click" ? charts.go(i) : readDay(i);
    });
  }
  new ResizeObserver(draw).observe(canvas.parentElement);
  onTheme.push(draw);
  counts();

  return {
    draw,
    canvas,
    mark(i) {
      if (resting) canvas.getContext("2d").putImageData(resting, 0, 0);
      marked = i;
      if (resting) outline();
    },
    show(name) { engine = name; counts(); draw(); },
  };
})();
