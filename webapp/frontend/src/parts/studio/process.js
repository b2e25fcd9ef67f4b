// The editor of diagrams: bpmn-js with properties of Camunda 7 as far as they run here, and of our own vocabulary.
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "bpmn-js/dist/assets/bpmn-font/css/bpmn.css";
import "@bpmn-io/properties-panel/dist/assets/properties-panel.css";
import "bpmn-js-token-simulation/assets/css/bpmn-js-token-simulation.css";

import Modeler from "bpmn-js/lib/Modeler";
import {
  BpmnPropertiesPanelModule,
  BpmnPropertiesProviderModule,
  CamundaPlatformPropertiesProviderModule,
} from "bpmn-js-properties-panel";
import { CreateAppendAnythingModule } from "bpmn-js-create-append-anything";
import TokenSimulationModule from "bpmn-js-token-simulation";
import CamundaBehaviours from "camunda-bpmn-js-behaviors/lib/camunda-platform";

import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";

import { MODDLE } from "./moddle.js";
import { obiegProperties } from "./properties.js";

const PALETTE = 110; // pixels that the palette covers on the left
const MARGIN = 24; // pixels around the drawing
const COLOURS = { defaultFillColor: "var(--diagram-fill)", defaultStrokeColor: "var(--diagram-stroke)" };

export async function open({ canvas, properties, content, isOpen, choices, onChange }) {
  const modeler = isOpen ? drawn(canvas, properties, choices) : shown(canvas);
  await modeler.importXML(content);
  fit(modeler.get("canvas"), isOpen ? PALETTE : 0);
  if (isOpen) modeler.get("eventBus").on("commandStack.changed", onChange);
  return {
    content: async () => (await modeler.saveXML({ format: true })).xml,
    select: (id) => select(modeler, id),
    mark: (found) => mark(modeler, found),
    paint: (visited, missed) => paint(modeler, visited, missed),
  };
}

function drawn(canvas, properties, choices) {
  return new Modeler({
    container: canvas,
    propertiesPanel: { parent: properties },
    bpmnRenderer: COLOURS,
    additionalModules: [
      BpmnPropertiesPanelModule,
      BpmnPropertiesProviderModule,
      CamundaPlatformPropertiesProviderModule,
      CamundaBehaviours,
      CreateAppendAnythingModule,
      TokenSimulationModule,
      obiegProperties(choices),
    ],
    moddleExtensions: MODDLE,
  });
}

function shown(canvas) {
  return new NavigatedViewer({ container: canvas, bpmnRenderer: COLOURS, moddleExtensions: MODDLE });
}

/** Shows all of the drawing beside the palette, no larger than it is. */
function fit(canvas, left) {
  const { inner, outer } = canvas.viewbox();
  const across = (outer.width - left - 2 * MARGIN) / inner.width;
  const scale = Math.min(1, across, (outer.height - 2 * MARGIN) / inner.height);
  const [width, height] = [outer.width / scale, outer.height / scale];
  const x = inner.x - (left + MARGIN) / scale - Math.max(0, (across - scale) * inner.width) / (2 * scale);
  canvas.viewbox({ x, y: inner.y - (height - inner.height) / 2, width, height });
}

function select(modeler, id) {
  const element = modeler.get("elementRegistry").get(id);
  if (!element) return;
  modeler.get("selection")?.select(element);
  modeler.get("canvas").scrollToElement?.(element);
}

/** A red or amber point at each element that something is wrong with. */
function mark(modeler, found) {
  const overlays = modeler.get("overlays");
  const elements = modeler.get("elementRegistry");
  overlays.remove({ type: "problem" });
  const byElement = Map.groupBy(found, ({ element }) => element);
  for (const [id, some] of byElement) {
    const element = id && elements.get(id);
    if (!element || element === modeler.get("canvas").getRootElement()) continue;
    const point = document.createElement("span");
    point.className = `problem-point ${some.some(({ severity }) => severity === "error") ? "is-error" : ""}`;
    point.title = some.map(({ sentence }) => sentence).join("\n");
    overlays.add(id, "problem", { position: { bottom: 9, left: -9 }, html: point });
  }
}

/** Where scenarios have been, and where none has. */
function paint(modeler, visited, missed) {
  const canvas = modeler.get("canvas");
  const elements = modeler.get("elementRegistry");
  elements.forEach((each) => ["was-played", "was-missed"].forEach((name) => canvas.removeMarker(each, name)));
  for (const [name, ids] of [["was-played", visited], ["was-missed", missed]]) {
    for (const id of ids) if (elements.get(id)) canvas.addMarker(id, name);
  }
}
