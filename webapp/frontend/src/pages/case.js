// The case page: the diagram with its tokens; a click on an element shows its visits in the history.
import "../base/index.js";

import { drawDiagram } from "../parts/diagram.js";
import { wireFiling } from "../parts/filing.js";

document.querySelectorAll(".diagram").forEach(drawDiagram);
wireFiling();

document.addEventListener("diagram:element", ({ detail }) => {
  const rows = [...document.querySelectorAll("[data-element]")];
  const chosen = rows.filter((row) => row.dataset.element === detail);
  rows.forEach((row) => row.classList.toggle("is-chosen", chosen.includes(row)));
  chosen[0]?.scrollIntoView({ block: "nearest", behavior: "smooth" });
});
