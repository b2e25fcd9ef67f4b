// Several tasks of the inbox at once: chosen rows, what to do with them, and what became of each.
import { send, tell } from "../base/requests.js";
import { toast } from "../base/toasts.js";

const TASKS = "/api/v1/tasks/bulk";

export function wireBulk() {
  const bar = document.querySelector("[data-bulk]");
  if (!bar) return;
  const show = () => {
    const number = picked().length;
    bar.hidden = number === 0;
    bar.querySelector("[data-chosen]").textContent = `${number} chosen`;
  };
  document.addEventListener("change", ({ target }) => target.matches("[data-pick]") && show());
  document.addEventListener("htmx:after:swap", show);
  bar.querySelector("[data-none]").addEventListener("click", () => {
    picked().forEach((each) => (each.checked = false));
    show();
  });
  bar.querySelector("[data-together]").addEventListener("click", ({ target }) => {
    const wanted = new URLSearchParams(picked().map((each) => ["id", each.value]));
    location.assign(`${target.dataset.together}?${wanted}`);
  });
  bar.querySelectorAll("[data-do]").forEach((button) => {
    button.addEventListener("click", () => doEach(button.dataset.do, bar.querySelector("[data-assignee]").value));
  });
}

export function picked() {
  return [...document.querySelectorAll("[data-pick]:checked")];
}

async function doEach(action, assignee) {
  const buttons = document.querySelectorAll("[data-do]");
  const names = new Map(picked().map((each) => [each.value, each.dataset.name]));
  const asked = { ids: [...names.keys()], action };
  if (action === "assign") asked.assignee = assignee;
  buttons.forEach((each) => (each.disabled = true)); // a second press while the first is under way would do it again
  try {
    const { items } = await send("POST", TASKS, asked);
    if (items.every((each) => each.ok)) toast(`${items.length} done.`, { kind: "success" });
    else report(items, names);
    refresh();
  } catch (problem) {
    tell(problem);
  }
  buttons.forEach((each) => (each.disabled = false));
}

/** A line for each task: done, or the sentence that says why not. */
function report(items, names) {
  const dialog = document.querySelector("#report");
  const lines = items.map(({ id, ok, problem }) => {
    const line = document.createElement("li");
    line.className = "row-link";
    const name = Object.assign(document.createElement("strong"), { textContent: names.get(id) });
    const what = Object.assign(document.createElement("span"), { textContent: ok ? "Done" : problem.detail });
    what.className = ok ? "soft" : "is-refused";
    line.append(name, what);
    return line;
  });
  dialog.querySelector("[data-outcomes]").replaceChildren(...lines);
  dialog.showModal();
}

export function refresh() {
  document.querySelector("#filters")?.requestSubmit();
  document.dispatchEvent(new CustomEvent("counted"));
}
