// Fields of a form whose property `choose` names a kind of record find it as one types; what was typed may stay as it is.
import { TypeAhead } from "./type-ahead.js";

/** Offers choices at the fields that want them, also at those that appear later. */
export function offerChoices(form, container) {
  const fields = form.get("formFieldRegistry").getAll().filter(({ properties }) => properties?.choose);
  if (!fields.length) return;
  const list = Object.assign(document.createElement("ul"), { id: "form-choices", className: "choices", popover: "manual" });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Choices");
  const status = Object.assign(document.createElement("p"), { className: "visually-hidden" });
  status.setAttribute("role", "status");
  container.after(list, status);
  const mark = () => fields.forEach((field) => markField(container, field));
  new MutationObserver(mark).observe(container, { childList: true, subtree: true });
  mark();
  new TypeAhead(list, status, write).wire(container);
}

function markField(container, { id, properties }) {
  const input = container.querySelector(`input[id$="-${CSS.escape(id)}"]`);
  if (!input || input.dataset.choose) return;
  input.dataset.choose = properties.choose;
  input.dataset.source = `/choices/${encodeURIComponent(properties.choose)}`;
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", "form-choices");
  input.setAttribute("autocomplete", "off");
}

function write(field, { dataset }) {
  field.value = dataset.value;
  field.dispatchEvent(new Event("input", { bubbles: true })); // form-js hears of it as if it had been typed
}
