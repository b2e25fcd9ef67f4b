// Two diagrams beside one another: what was added, removed, changed or moved, marked in both and listed.
import "./changes.css";

import { diff } from "bpmn-js-differ";

import { drawDiagram } from "../diagram.js";
import { MODDLE } from "./moddle.js";

const KINDS = [
  ["_removed", "removed", "mark-late"],
  ["_added", "added", "mark-good"],
  ["_changed", "changed", "mark-soon"],
  ["_layoutChanged", "moved", ""],
];

export async function compareDiagrams(place) {
  const boxes = [...place.querySelectorAll(".diagram")];
  const viewers = await Promise.all(boxes.map((box) => drawDiagram(box, { moddleExtensions: MODDLE })));
  if (viewers.length < 2 || viewers.includes(null)) return;
  const found = diff(...viewers.map((viewer) => viewer.getDefinitions()));
  const changes = KINDS.flatMap(([key, word, kind]) =>
    Object.entries(found[key]).map(([id, each]) => ({ id, word, kind, ...told(id, each, viewers) })),
  );
  for (const { id, word } of changes) {
    for (const viewer of viewers) if (viewer.get("elementRegistry").get(id)) viewer.get("canvas").addMarker(id, `is-${word}`);
  }
  show(place, changes, viewers);
  place.dataset.ready = "true";
}

/** What is told of a change; values are read from both diagrams, for the library mixes up before and after. */
function told(id, each, viewers) {
  const model = each.model ?? each;
  const [before, after] = viewers.map((viewer) => modelOf(viewer, id));
  const attributes = Object.keys(each.attrs ?? {}).map((name) => `${name}: ${value(before, name)} → ${value(after, name)}`);
  return { name: model.name || model.id, type: (model.$type ?? "").replace("bpmn:", ""), attributes };
}

function modelOf(viewer, id) {
  const shown = viewer.get("elementRegistry").get(id)?.businessObject;
  return shown ?? viewer.getDefinitions().rootElements.find((each) => each.id === id);
}

function value(model, name) {
  return model ? plain(model.get(name)) : "–";
}

function plain(value) {
  if (value === undefined || value === null || value === "") return "–";
  return typeof value === "object" ? (value.name ?? value.id ?? value.body ?? value.$type ?? "…") : String(value);
}

function show(place, changes, viewers) {
  const seen = changes.filter(({ word }) => word !== "moved");
  const moved = changes.length - seen.length;
  const parts = [seen.length === 1 ? "1 change" : `${seen.length} changes`];
  if (moved) parts.push(moved === 1 ? "1 element moved" : `${moved} elements moved`);
  place.querySelector("[data-title]").textContent = changes.length ? parts.join(", ") : "No difference";
  place.querySelector("[data-list]").replaceChildren(...seen.map((each) => line(each, viewers)));
}

function line({ id, word, kind, name, type, attributes }, viewers) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "change";
  const mark = document.createElement("span");
  mark.className = `mark ${kind}`;
  mark.textContent = word;
  const what = document.createElement("strong");
  what.textContent = name;
  const more = document.createElement("span");
  more.className = "soft";
  more.textContent = [type, ...attributes].join(" · ");
  button.append(mark, " ", what, " ", more);
  button.addEventListener("click", () => viewers.forEach((viewer) => reveal(viewer, id)));
  item.append(button);
  return item;
}

function reveal(viewer, id) {
  const element = viewer.get("elementRegistry").get(id);
  const canvas = viewer.get("canvas");
  if (!element) return;
  const middle = element.waypoints?.[Math.floor(element.waypoints.length / 2)] ?? {
    x: element.x + element.width / 2,
    y: element.y + element.height / 2,
  };
  const { width, height } = canvas.viewbox();
  canvas.viewbox({ x: middle.x - width / 2, y: middle.y - height / 2, width, height });
}
