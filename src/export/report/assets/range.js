"use strict";
// The page of a range: its buttons and its table, and the start.

const daysInView = () => {
  const [min, max] = charts.view();
  return (day) => day * DAY >= min && day * DAY <= max;
};
/** The days in view: `from..to`, or one alone. */
const span = () => {
  const [min, max] = charts.view();
  const [from, to] = [dayText(Math.ceil(min / DAY)), dayText(Math.floor(max / DAY))];
  return from === to ? from : from + ".." + to;
};

function toggle(name) {
  return (button) => {
    shown[name] = !shown[name];
    button.setAttribute("aria-pressed", shown[name]);
    charts.refresh();
  };
}

/** The last so many days of what there is. */
const last = (days) => () => charts.zoom(data.last * DAY - days * DAY, data.last * DAY);

buttons(document, charts, {
  band68: toggle("band68"), band95: toggle("band95"), v91: toggle("v91"),
  month: last(30), quarter: last(91), year: last(365), years: last(1461),
  scale(button) {
    logarithmic = !logarithmic;
    button.setAttribute("aria-pressed", logarithmic);
    charts.refresh();
  },
  calendarPath: () => pick("path"),
  calendarV91: () => pick("v91"),
  async png() {
    const parts = charts.pictures();
    parts.push([calendar.canvas.dataset.caption, calendar.canvas]);
    save(await picture("Bitcoin price, " + span().replace("..", " to "), parts), "blkprice-" + span() + ".png");
  },
  csv() {
    const { names, columns, days, day } = tables.path;
    const inside = daysInView();
    const dated = columns.map((values, i) => (i === day ? values.map(dayText) : values));
    const count = days.filter(inside).length;
    copy(csv(names, dated, (i) => inside(days[i])), grouped(count) + (count === 1 ? " day" : " days") + " as CSV", "blkprice-" + span() + ".csv");
  },
});

function pick(engine) {
  for (const [name, id] of [["path", "calendarPath"], ["v91", "calendarV91"]]) {
    document.querySelector('[data-do="' + id + '"]').setAttribute("aria-pressed", name === engine);
  }
  calendar.show(engine);
}

charts.zoomed = () => { $("span").textContent = span().replace("..", " to "); };

// The rows of the table are made when somebody asks for them.
$("rows").addEventListener("toggle", () => {
  const body = $("rows").querySelector("tbody");
  if (body.childElementCount) return;
  const rows = document.createDocumentFragment();
  for (let i = SPAN - 1; i >= 0; i--) {
    if (state.path[i] === "missing") continue;
    const row = document.createElement("tr");
    const cells = [dayText(FIRST + i), dollars(column.usd[i]), interval(column.low68[i], column.high68[i]),
      column.confidence[i] === null ? "–" : column.confidence[i].toFixed(3), state.path[i]];
    if (hasV91) cells.push(dollars(column.v91[i]));
    cells.forEach((text, c) => {
      const cell = document.createElement(c === 0 ? "th" : "td");
      if (c === 0) cell.scope = "row";
      cell.textContent = text;
      row.append(cell);
    });
    rows.append(row);
  }
  body.append(rows);
});

let newest = SPAN - 1;
while (newest > 0 && column.usd[newest] === null) newest--;
charts.reset();
charts.zoomed(...charts.view());
readDay(newest);
charts.at = newest;
document.documentElement.dataset.ready = Math.round(performance.now());
