// The editor of decisions: dmn-js with its tables, expressions and the graph of requirements.
import "dmn-js/dist/assets/diagram-js.css";
import "dmn-js/dist/assets/dmn-js-shared.css";
import "dmn-js/dist/assets/dmn-js-drd.css";
import "dmn-js/dist/assets/dmn-js-decision-table.css";
import "dmn-js/dist/assets/dmn-js-decision-table-controls.css";
import "dmn-js/dist/assets/dmn-js-literal-expression.css";
import "dmn-js/dist/assets/dmn-js-boxed-expression.css";
import "dmn-js/dist/assets/dmn-js-boxed-expression-controls.css";
import "dmn-js/dist/assets/dmn-font/css/dmn.css";

import DmnModeler from "dmn-js/lib/Modeler";

export async function open({ canvas, content, isOpen, onChange }) {
  const modeler = new DmnModeler({ container: canvas });
  const views = document.createElement("div");
  await modeler.importXML(content);
  views.className = "decision-views";
  views.role = "group";
  views.setAttribute("aria-label", "Views of the decision");
  canvas.before(views);
  const heard = new WeakSet();
  const hear = () => {
    const viewer = modeler.getActiveViewer();
    if (!viewer || heard.has(viewer)) return;
    heard.add(viewer);
    viewer.get("eventBus").on("elements.changed", onChange);
  };
  const show = () => {
    if (isOpen) hear();
    views.replaceChildren(...modeler.getViews().map((each) => tab(modeler, each)));
  };
  modeler.on("views.changed", show);
  const table = modeler.getViews().find(({ type }) => type !== "drd");
  if (table) await modeler.open(table);
  show();
  if (!isOpen) canvas.inert = true;
  return { content: async () => (await modeler.saveXML({ format: true })).xml };
}

function tab(modeler, view) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm";
  button.textContent = view.type === "drd" ? "Graph" : view.name || view.id;
  button.setAttribute("aria-pressed", String(view === modeler.getActiveView()));
  button.addEventListener("click", () => modeler.open(view));
  return button;
}
