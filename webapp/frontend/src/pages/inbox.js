// The inbox: keys walk the list, claim, choose and open, so that a person can work through it without the mouse.
import "../base/index.js";

import { wireBulk } from "../parts/bulk.js";

const STEPS = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };
const help = document.querySelector("#keys");
const keep = document.querySelector("#keep");
const filters = document.querySelector("#filters");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([data-pick]), textarea, select, dialog, [contenteditable]")) return;
  if (event.key in STEPS) walk(event);
  else if (event.key === "c") press(event, "[data-claim]");
  else if (event.key === "x") press(event, "[data-pick]");
  else if (event.key === "?" && help) help.showModal();
});

document.querySelector("[data-keys]")?.addEventListener("click", () => help.showModal());
document.querySelector("[data-keep]")?.addEventListener("click", () => keep.showModal());
document.querySelector("[data-close]")?.addEventListener("click", () => keep.close());
wireBulk();

function walk(event) {
  const links = [...document.querySelectorAll("[data-walk]")];
  const at = links.indexOf(document.activeElement);
  if (at < 0 && event.key.startsWith("Arrow")) return; // arrows scroll the page until a row is chosen
  event.preventDefault();
  links[Math.max(0, at + STEPS[event.key])]?.focus();
}

function press(event, what) {
  const control = document.activeElement?.closest("li")?.querySelector(what);
  if (!control) return;
  event.preventDefault();
  control.click();
}

// another process has other columns: the page is made anew, with what was chosen
filters?.querySelector("[data-reload]")?.addEventListener("change", (event) => {
  event.stopPropagation();
  filters.submit();
});

// what is kept is what the page shows now
document.querySelector("[data-keep-form]")?.addEventListener("submit", ({ target }) => {
  target.querySelectorAll("[data-look]").forEach((each) => each.remove());
  for (const [name, value] of new FormData(filters)) {
    const field = Object.assign(document.createElement("input"), { type: "hidden", name, value });
    field.dataset.look = "";
    target.append(field);
  }
});
