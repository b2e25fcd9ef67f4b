// The inbox: keys walk the list, claim and open, so that a person can work through it without the mouse.
import "../base/index.js";

const STEPS = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };
const help = document.querySelector("#keys");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
  if (event.key in STEPS) walk(event);
  else if (event.key === "c") claim(event);
  else if (event.key === "?" && help) help.showModal();
});

document.querySelector("[data-keys]")?.addEventListener("click", () => help.showModal());

function walk(event) {
  const links = [...document.querySelectorAll("[data-walk]")];
  const at = links.indexOf(document.activeElement);
  if (at < 0 && event.key.startsWith("Arrow")) return; // arrows scroll the page until a row is chosen
  event.preventDefault();
  links[Math.max(0, at + STEPS[event.key])]?.focus();
}

function claim(event) {
  const button = document.activeElement?.closest("[data-walk]")?.closest("li")?.querySelector("[data-claim]");
  if (!button) return;
  event.preventDefault();
  button.click();
}
