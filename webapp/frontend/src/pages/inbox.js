// The inbox: arrow keys walk the list, so that a person can work through it without the mouse.
import "../base/index.js";

document.addEventListener("keydown", (event) => {
  if (!["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const links = [...document.querySelectorAll("[data-walk]")];
  const at = links.indexOf(document.activeElement);
  if (at < 0) return;
  event.preventDefault();
  links[at + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
});
