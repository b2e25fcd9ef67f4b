// The scan inbox without a mouse: arrows walk the list, Ctrl+Enter files, what was ticked stays when one looks further.
import "../base/index.js";

import { wirePreviews } from "../parts/preview.js";

wirePreviews(document);

document.addEventListener("keydown", (event) => {
  const form = document.querySelector("#sorting");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form) {
    event.preventDefault();
    form.requestSubmit();
  }
  if (event.altKey && event.key === "ArrowRight") document.querySelector("[data-next]")?.click();
  if (["ArrowDown", "ArrowUp"].includes(event.key)) walk(event);
});

function walk(event) {
  const links = [...document.querySelectorAll("[data-walk]")];
  const at = links.indexOf(document.activeElement);
  if (links.length === 0 || (at < 0 && document.activeElement !== document.body)) return;
  event.preventDefault();
  links[at < 0 ? 0 : at + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
}

document.querySelector("#found")?.addEventListener("change", ({ target }) => {
  const chosen = document.querySelector("#chosen");
  const same = [...chosen.querySelectorAll("input")].find(({ value }) => value === target.value);
  if (same) same.checked = true;
  else chosen.append(target.closest("label"));
  const field = document.querySelector("#target");
  field.value = "";
  document.querySelector("#found").replaceChildren();
  field.focus();
});

// Enter in the search field looks, and does not file
document.querySelector("#target")?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  document.querySelector("#found input")?.focus();
});
