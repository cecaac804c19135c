"use strict";
// The page of a day: its buttons, and the start.

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
    const parts = [...amountCharts.pictures(), ...charts.pictures()];
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
