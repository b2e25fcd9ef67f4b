// Shows documents: in the panels of a page as they come into view, and in a dialog when an eye is pressed.
import { formKey } from "../base/requests.js";
import "./preview.css";

export function wirePreviews(root) {
  root.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-preview]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(link.dataset);
  });
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      load(target, target.dataset.view);
    }
  });
  document.querySelectorAll("[data-view]").forEach((place) => seen.observe(place));
}

/** In the page's own panel where it has one, else in the dialog; `preview` is the address of the view. */
function show({ preview, title, download, whole }) {
  const panel = document.querySelector("[data-preview-panel]");
  if (panel && whole === undefined) {
    const larger = panel.querySelector("[data-whole]");
    panel.querySelector("[data-title]").textContent = title;
    Object.assign(larger.dataset, { preview, title, download });
    load(panel.querySelector("[data-view]"), preview);
    panel.scrollIntoView({ block: "nearest", behavior: "smooth" });
    return;
  }
  const dialog = document.querySelector("#preview");
  const stage = dialog.querySelector("[data-stage]");
  dialog.querySelector("[data-title]").textContent = title;
  dialog.querySelector("[data-download]").href = download;
  load(stage, preview);
  dialog.addEventListener("close", () => clear(stage), { once: true });
  dialog.showModal();
}

async function load(place, address) {
  clear(place);
  place.setAttribute("aria-busy", "true");
  const asked = (place.asked = (place.asked ?? 0) + 1);
  let html;
  try {
    const answer = await fetch(address, { credentials: "same-origin", headers: { "X-CSRFToken": formKey() } });
    if (!answer.ok) throw new Error(String(answer.status));
    html = await answer.text();
  } catch {
    html = null;
  }
  if (asked !== place.asked) return; // another document was asked for meanwhile
  place.removeAttribute("aria-busy");
  if (html === null) {
    place.textContent = "The document could not be loaded. Reload the page, or download it.";
    return;
  }
  place.innerHTML = html; // our own server's, where names and texts are escaped
  for (const element of place.querySelectorAll("[data-pdf]")) await mount(element);
  const again = place.querySelector("[data-again]");
  if (again) setTimeout(() => place.isConnected && asked === place.asked && load(place, address), Number(again.dataset.again));
}

async function mount(element) {
  const { showPdf } = await import("./pdf.js");
  if (element.isConnected) element.takeDown = showPdf(element);
}

function clear(place) {
  place.querySelectorAll("[data-pdf]").forEach((element) => element.takeDown?.());
  place.replaceChildren();
}
