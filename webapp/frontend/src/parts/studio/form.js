// The editor of forms: form-js with its properties beside it.
import "@bpmn-io/form-js-editor/dist/assets/form-js-editor-base.css";
import "@bpmn-io/form-js-viewer/dist/assets/form-js.css";
import "@bpmn-io/form-js-editor/dist/assets/properties-panel.css";

import { FormEditor } from "@bpmn-io/form-js-editor";

export async function open({ canvas, properties, content, isOpen, onChange }) {
  const editor = new FormEditor({ container: canvas, propertiesPanel: { parent: properties } });
  await editor.importSchema(JSON.parse(content));
  if (isOpen) editor.on("commandStack.changed", onChange);
  else canvas.inert = true;
  return {
    content: async () => `${JSON.stringify(editor.saveSchema(), null, 2)}\n`,
  };
}
