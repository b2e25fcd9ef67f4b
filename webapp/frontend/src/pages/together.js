// Several tasks with one form: each is completed or refused by itself, and its line says which.
import "../base/index.js";

import { send, tell } from "../base/requests.js";
import { toast, toastAfterwards } from "../base/toasts.js";
import { drawForm, focusFirstError } from "../parts/form.js";

const page = document.querySelector("#together");
const box = document.querySelector("#form");
const button = document.querySelector("[data-complete-all]");
let left = JSON.parse(page.dataset.ids);
let form = null;
let known = []; // fields that cases have a value for: what nobody touched here does not replace it
let untouched = {};

if (box) {
  const source = JSON.parse(document.querySelector("#form-source").textContent);
  known = source.known;
  drawForm(box, source.schema, source.data).then((drawn) => {
    form = drawn;
    untouched = structuredClone(form._getSubmitData());
    form.on("submit", (event) => event.preventDefault?.());
  });
}

button.addEventListener("click", async () => {
  const { data: entered, errors } = form ? form.submit() : { data: {}, errors: {} };
  if (Object.keys(errors).length > 0) {
    toast("The form is not complete yet; see the marked fields.", { kind: "warning" });
    focusFirstError(box);
    return;
  }
  const isKept = ([key, value]) => known.includes(key) && JSON.stringify(value) === JSON.stringify(untouched[key]);
  const data = Object.fromEntries(Object.entries(entered).filter((each) => !isKept(each)));
  button.disabled = true;
  try {
    const { items } = await send("POST", "/api/v1/tasks/bulk", { ids: left, action: "complete", data });
    tellEach(items);
  } catch (problem) {
    tell(problem);
  }
  button.disabled = false;
});

function tellEach(items) {
  for (const { id, ok, problem } of items) {
    const outcome = page.querySelector(`[data-task="${id}"] [data-outcome]`);
    outcome.textContent = ok ? "Completed" : problem.detail;
    outcome.className = ok ? "soft" : "is-refused";
  }
  left = items.filter((each) => !each.ok).map((each) => each.id);
  if (left.length > 0) return;
  toastAfterwards(`${items.length} tasks done.`);
  location.assign(page.dataset.back);
}
