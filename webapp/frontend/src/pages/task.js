// The task page: the form, its completion, the documents of the task.
import "../base/index.js";

import { Problem, send, tell } from "../base/requests.js";
import { toast, toastAfterwards } from "../base/toasts.js";
import { keepDrafts } from "../parts/draft.js";
import { drawForm, focusFirstError, showRefusals } from "../parts/form.js";
import { wireMentions } from "../parts/mentions.js";
import { wireNeeds } from "../parts/needs.js";
import { wirePreviews } from "../parts/preview.js";
import { wireUploads } from "../parts/upload.js";

const page = document.querySelector("#task");
const box = document.querySelector("#form");
const completers = [...document.querySelectorAll("[data-complete-to]")];
const key = crypto.randomUUID?.() ?? String(Math.random()); // the same press twice completes once
let form = null;
let keeper = null; // of what is entered and not sent yet

if (box) {
  const { schema, data, draft } = JSON.parse(document.querySelector("#form-source").textContent);
  drawForm(box, schema, { ...data, ...draft }, { readOnly: page.dataset.readonly === "true" }).then((drawn) => {
    form = drawn;
    form.on("submit", (event) => event.preventDefault?.());
    if (page.dataset.draft) keeper = keepDrafts(form, page.dataset.draft);
  });
}

completers.forEach((button) => button.addEventListener("click", () => complete(button)));

async function complete(button) {
  const data = collected();
  if (data === null) return;
  setBusy(button, true);
  await keeper?.stop(); // a draft that is under way must not come after the decision
  try {
    await send("POST", page.dataset.complete, { data, idempotency_key: key });
    toastAfterwards(`Done: ${page.dataset.name}.`);
    location.assign(button.dataset.completeTo);
  } catch (problem) {
    refuse(problem);
    keeper?.start();
    setBusy(button, false);
  }
}

function setBusy(button, busy) {
  completers.forEach((each) => (each.disabled = busy));
  button.classList.toggle("is-busy", busy);
}

function collected() {
  if (!form) return {};
  const { data, errors } = form.submit();
  if (Object.keys(errors).length === 0) return data;
  toast("The form is not complete yet; see the marked fields.", { kind: "warning" });
  focusFirstError(box);
  return null;
}

function refuse(problem) {
  if (!(problem instanceof Problem)) throw problem;
  if (problem.code === "form_refused" && form) {
    const homeless = showRefusals(form, problem.body.fields ?? problem.body.details?.fields ?? {});
    toast([problem.message, ...homeless].join(" "), { kind: "warning" });
    focusFirstError(box);
    return;
  }
  if (problem.code === "documents_missing") document.querySelector("#documents")?.classList.add("is-wanted");
  if (problem.status === 409) {
    toast(problem.message, { kind: "warning", action: { text: "Show the task as it is now", run: () => location.reload() } });
    return;
  }
  tell(problem);
}

wireMentions(document.querySelector("#comments"));

document.querySelectorAll("[data-upload]").forEach((zone) => {
  wireUploads(zone, {
    fieldsOf: () => ({ type: zone.querySelector("[name=type]")?.value }),
    onDone: (_answer, file) => toast(`${file.name} is attached.`, { kind: "success" }),
    onAll: () => document.dispatchEvent(new CustomEvent("filed")),
  });
});

wireNeeds(document.querySelector("#documents"));
wirePreviews(document);
