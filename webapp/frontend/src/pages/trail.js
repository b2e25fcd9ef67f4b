// The trail: filters as one types, without asking the server again.
import "../base/index.js";

const search = document.querySelector("#trail-search");
const kinds = document.querySelector("#trail-kind");
const none = document.querySelector("#trail-none");
const entries = [...document.querySelectorAll("[data-entry]")];

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const kind = kinds.value;
  let shown = 0;
  for (const entry of entries) {
    const text = entry.textContent.toLowerCase();
    const fits = (!kind || entry.dataset.entry.startsWith(kind)) && words.every((word) => text.includes(word));
    entry.hidden = !fits;
    shown += fits;
  }
  none.hidden = shown > 0;
}

search?.addEventListener("input", filter);
kinds?.addEventListener("change", filter);
