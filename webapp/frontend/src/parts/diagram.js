// A BPMN diagram to look at: fits its box, marks where tokens are and which way they came.
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "./diagram.css";

import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";

const ABOVE = 12; // pixels over the drawing
const BELOW = 48; // pixels under it, where the viewer's own mark stands
const BESIDE = 12; // pixels left and right of it
const SMALLEST = 0.42; // below this scale texts cannot be read; then the diagram pans instead

/**
 * Draws into `box`, whose data-xml names the address of the model and data-state the element with marks as JSON.
 * `more` are further options of the viewer; answers the viewer, null where nothing could be drawn.
 */
export async function drawDiagram(box, more = {}) {
  const viewer = new NavigatedViewer({
    container: box.querySelector("[data-canvas]"),
    zoomScroll: { enabled: false }, // the page scrolls under the pointer until the diagram is clicked
    bpmnRenderer: { defaultFillColor: "var(--diagram-fill)", defaultStrokeColor: "var(--diagram-stroke)" },
    ...more,
  });
  try {
    const answer = await fetch(box.dataset.xml, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    await viewer.importXML(await answer.text());
  } catch {
    const read = viewer.getDefinitions(); // undefined when the model could not be read at all
    box.querySelector(read && !read.diagrams?.length ? "[data-undrawn]" : "[data-failed]").hidden = false;
    for (const part of box.querySelectorAll("[data-canvas], .diagram-tools, .diagram-legend")) part.hidden = true;
    return null;
  }
  const state = stateOf(box);
  mark(viewer, state);
  fit(box, viewer, state);
  wire(box, viewer, state);
  box.dataset.ready = "true";
  return viewer;
}

function stateOf(box) {
  const source = box.querySelector('script[type="application/json"]');
  return { live: [], visited: [], incidents: [], ...(source ? JSON.parse(source.textContent) : {}) };
}

function mark(viewer, { live, visited, incidents }) {
  const canvas = viewer.get("canvas");
  const elements = viewer.get("elementRegistry");
  const reached = new Set([...visited, ...live.map(({ element }) => element)]);
  for (const id of visited) if (elements.get(id)) canvas.addMarker(id, "was-visited");
  for (const flow of elements.filter(({ type }) => type === "bpmn:SequenceFlow")) {
    if (visited.includes(flow.source?.id) && reached.has(flow.target?.id)) canvas.addMarker(flow, "was-visited");
  }
  for (const { element, count } of live) if (elements.get(element)) addToken(viewer, element, count);
  for (const id of incidents) if (elements.get(id)) canvas.addMarker(id, "has-incident");
}

function addToken(viewer, id, count) {
  viewer.get("canvas").addMarker(id, "has-token");
  const badge = document.createElement("span");
  badge.className = "token";
  badge.textContent = count > 1 ? String(count) : "";
  badge.title = count > 1 ? `${count} tokens are here` : "The case is here";
  viewer.get("overlays").add(id, { position: { top: -9, left: -9 }, html: badge });
}

function fit(box, viewer, state) {
  const canvas = viewer.get("canvas");
  if (box.clientWidth === 0 || canvas.viewbox().inner.width === 0) return; // not on screen: there is nothing to fit into
  stretch(box.querySelector("[data-canvas]"), canvas);
  if (showWhole(canvas) >= SMALLEST) return;
  const element = mostTelling(viewer, state);
  canvas.zoom(SMALLEST);
  if (element) centre(canvas, element);
}

/** Where a case is, else where it ended, else where cases begin. */
function mostTelling(viewer, { live, visited }) {
  const elements = viewer.get("elementRegistry");
  const ended = visited.map((id) => elements.get(id)).find((element) => element?.type === "bpmn:EndEvent");
  const innermost = live.map(({ element }) => elements.get(element)).filter(Boolean).at(-1);
  return innermost ?? ended ?? elements.find(({ type }) => type === "bpmn:StartEvent");
}

/** Shows an element in the middle, as far as the drawing reaches. */
function centre(canvas, element) {
  const { inner, width, height } = canvas.viewbox();
  const x = within(element.x + element.width / 2 - width / 2, inner.x, inner.x + inner.width - width);
  const y = within(element.y + element.height / 2 - height / 2, inner.y, inner.y + inner.height - height);
  canvas.viewbox({ x, y, width, height });
}

function within(value, least, most) {
  return most < least ? (least + most) / 2 : Math.min(Math.max(value, least), most);
}

/** Gives the box the height that the drawing needs at its width, within the limits of the style sheet. */
function stretch(frame, canvas) {
  const { inner } = canvas.viewbox();
  const scale = Math.min(1, (frame.clientWidth - 2 * BESIDE) / inner.width);
  frame.style.height = `${Math.round(scale * inner.height) + ABOVE + BELOW}px`;
  canvas.resized();
}

/** Shows all of the drawing, clear of the viewer's mark; returns the scale. */
function showWhole(canvas) {
  const { inner, outer } = canvas.viewbox();
  const across = (outer.width - 2 * BESIDE) / inner.width;
  const scale = Math.min(1, across, (outer.height - ABOVE - BELOW) / inner.height);
  const width = outer.width / scale;
  const x = inner.x + (inner.width - width) / 2;
  canvas.viewbox({ x, y: inner.y - ABOVE / scale, width, height: outer.height / scale });
  return scale;
}

function wire(box, viewer, state) {
  const canvas = viewer.get("canvas");
  const step = (factor) => canvas.zoom(Math.min(4, Math.max(0.2, canvas.zoom() * factor)));
  const actions = {
    in: () => step(1.25),
    out: () => step(0.8),
    fit: () => showWhole(canvas),
  };
  box.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-zoom]");
    if (button) actions[button.dataset.zoom]();
  });
  const scrolling = viewer.get("zoomScroll");
  box.addEventListener("pointerdown", () => scrolling.toggle(true));
  box.addEventListener("pointerleave", () => scrolling.toggle(false));
  let width = box.clientWidth;
  new ResizeObserver(() => {
    if (box.clientWidth === width) return;
    width = box.clientWidth;
    fit(box, viewer, state);
  }).observe(box);
  viewer.get("eventBus").on("element.click", ({ element }) => {
    box.dispatchEvent(new CustomEvent("diagram:element", { detail: element.id, bubbles: true }));
  });
}
