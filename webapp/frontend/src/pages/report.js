// A report: its charts are drawn from the numbers that the page bears; the table below says the same.
import "../base/index.js";
import "../parts/report.css";

import { drawCharts } from "../parts/charts.js";

drawCharts(document);
