// A form-js form: drawn from the schema of the definition, refusals of the server shown at the fields.
import "@bpmn-io/form-js-viewer/dist/assets/form-js.css";
import "./form.css";

import { Form } from "@bpmn-io/form-js-viewer";

import { offerChoices } from "./form-choices.js";
import { tidyTables } from "./form-tables.js";

/** Draws the schema into `container`; returns the form. */
export async function drawForm(container, schema, data, { readOnly = false } = {}) {
  const form = new Form({ container, properties: { readOnly } });
  await form.importSchema(schema, data);
  tidyTables(container);
  if (!readOnly) offerChoices(form, container);
  container.dataset.ready = "true";
  return form;
}

/** Shows sentences at their fields; `fields` maps a JSON pointer to a sentence. Returns those that found no field. */
export function showRefusals(form, fields) {
  const errors = {};
  const homeless = [];
  const instances = form.get("formFieldInstanceRegistry").getAllKeyed();
  for (const [pointer, sentence] of Object.entries(fields)) {
    const path = pointer.split("/").filter(Boolean).map(unescapePointer);
    const field = instances.find(({ valuePath }) => samePath(valuePath, path));
    if (field) place(errors, [field.id, ...Object.values(field.indexes ?? {})], [sentence]);
    else homeless.push(sentence);
  }
  form._setState({ errors });
  return homeless;
}

/** Moves the focus to the first field that has an error. */
export function focusFirstError(container) {
  const field = container.querySelector(".fjs-has-errors :is(input, select, textarea, button)");
  field?.focus();
  field?.scrollIntoView({ block: "center", behavior: "smooth" });
}

function unescapePointer(part) {
  return part.replaceAll("~1", "/").replaceAll("~0", "~");
}

function samePath(valuePath, path) {
  return valuePath.length === path.length && valuePath.every((part, index) => String(part) === path[index]);
}

function place(target, [first, ...rest], value) {
  if (!rest.length) target[first] = value;
  else place((target[first] ??= {}), rest, value);
}
