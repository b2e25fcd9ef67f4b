// Charts: bars that lie, columns that stand, and lines, in the colours of the theme.
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers"; // SVG would set styles that the content security policy refuses

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

const PHONE = 560; // pixels of a chart below which names of categories stand above their bars
const BAR = 20; // pixels of a bar
const GAP = 4; // between the bars of a category
const AIR = 24; // between categories, and as much again for a name above its bars
const LOOKS = { accent: "--o-accent", good: "--o-visited", soon: "--o-soon", late: "--o-late", plain: "--o-line-strong" };

/** Draws every chart below an element, and anew when the theme or the width changes. */
export function drawCharts(root) {
  for (const figure of root.querySelectorAll("[data-chart]")) {
    const place = figure.querySelector("[data-place]");
    const told = JSON.parse(figure.querySelector("script").textContent);
    place.style.height = `${height(told, place.clientWidth)}px`;
    const chart = init(place, null, { renderer: "canvas" });
    const draw = () => chart.setOption(options(told, place.clientWidth), { notMerge: true });
    draw();
    new ResizeObserver(() => {
      place.style.height = `${height(told, place.clientWidth)}px`;
      chart.resize();
      draw();
    }).observe(place);
    document.addEventListener("theme", draw);
    figure.dataset.drawn = ""; // tests wait for it
  }
}

/** The pixels of all bars of a category. */
function thickness(told) {
  const bars = told.stacked ? 1 : told.series.length;
  return bars * BAR + (bars - 1) * GAP;
}

function height(told, width) {
  if (told.kind !== "bars") return 300;
  return told.categories.length * (thickness(told) + AIR + (width < PHONE ? AIR : 0)) + 80;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function options(told, width) {
  const ink = colour("--o-ink");
  const soft = colour("--o-ink-soft");
  const text = { color: soft, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 13 };
  const lies = told.kind === "bars";
  const narrow = lies && width < PHONE;
  const names = {
    type: "category",
    data: told.categories,
    inverse: lies,
    axisTick: { show: false },
    axisLine: { show: !lies, lineStyle: { color: colour("--o-line-strong") } },
    axisLabel: narrow ? above(text, ink, thickness(told)) : { ...text, color: ink, width: lies ? 190 : undefined, overflow: "truncate" },
  };
  const numbers = {
    type: "value",
    minInterval: told.unit ? 0 : 1,
    splitNumber: narrow ? 3 : 5,
    axisLabel: { ...text, formatter: (value) => written(value, told.unit) },
    splitLine: { lineStyle: { color: colour("--o-line") } },
  };
  return {
    animation: false,
    textStyle: text,
    grid: { left: 8, right: 32, top: 44, bottom: 8, containLabel: true },
    legend: told.series.length > 1 ? { left: 0, top: 0, icon: "roundRect", itemWidth: 14, textStyle: { ...text, color: ink } } : undefined,
    tooltip: tooltip(told, text),
    xAxis: lies ? numbers : names,
    yAxis: lies ? names : numbers,
    series: told.series.map((each) => series(each, told, ink)),
  };
}

/** On a phone a name stands on its bar, not beside it. */
function above(text, ink, bars) {
  const padding = [0, 0, bars / 2 + GAP, -6];
  return { ...text, color: ink, inside: true, align: "left", verticalAlign: "bottom", padding };
}

function tooltip(told, text) {
  return {
    trigger: "axis",
    renderMode: "richText", // HTML would bear styles
    axisPointer: { type: told.kind === "lines" ? "line" : "shadow" },
    backgroundColor: colour("--o-surface"),
    borderColor: colour("--o-line-strong"),
    textStyle: { ...text, color: colour("--o-ink") },
    valueFormatter: (value) => written(value, told.unit),
    confine: true,
  };
}

function series(each, told, ink) {
  const line = told.kind === "lines";
  const look = colour(LOOKS[each.look]);
  return {
    name: each.name,
    type: line ? "line" : "bar",
    stack: told.stacked ? "all" : undefined,
    data: each.values,
    barWidth: told.kind === "bars" ? BAR : undefined,
    barMaxWidth: 40,
    barGap: `${(100 * GAP) / BAR}%`,
    itemStyle: { color: look, borderRadius: told.stacked || line ? 0 : 3 },
    lineStyle: line ? { color: look, width: 2 } : undefined,
    label: {
      show: !line && !told.stacked,
      position: told.kind === "bars" ? "right" : "top",
      color: ink,
      formatter: ({ value }) => (value === null || value === undefined ? "" : written(value, told.unit)),
    },
  };
}

function written(value, unit) {
  if (value === null || value === undefined) return "–";
  const number = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 1 }).format(value);
  return unit ? `${number} ${unit}` : number;
}
