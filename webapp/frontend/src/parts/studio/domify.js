// What the editors write as HTML, with its styles set by script: as attributes the content security policy refuses them.
import make from "../../../node_modules/domify/index.js";

const STYLE = /\sstyle=(?=["'])/g;

export default function domify(html, document) {
  const made = make(typeof html === "string" ? html.replace(STYLE, " data-style=") : html, document);
  if (made.nodeType === Node.ELEMENT_NODE) apply(made);
  for (const each of made.querySelectorAll?.("[data-style]") ?? []) apply(each);
  return made;
}

function apply(element) {
  if (!element.dataset.style) return;
  element.style.cssText = element.dataset.style;
  delete element.dataset.style;
}
