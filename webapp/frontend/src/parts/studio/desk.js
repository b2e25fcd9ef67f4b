// The desk of a project: one file open in the editor of its kind, saved by itself, with what is wrong beside it.
import "./desk.css";

import { askFor, send, tell } from "../../base/requests.js";
import { autosave } from "./autosave.js";
import { wirePlaying } from "./playing.js";
import { showProblems } from "./problems.js";

const EDITORS = {
  process: () => import("./process.js"),
  decision: () => import("./decision.js"),
  form: () => import("./form.js"),
  scenario: () => import("./scenario.js"),
};

export async function openDesk(desk) {
  const given = JSON.parse(document.querySelector("script[data-project]").textContent);
  const address = `/api/v1/studio/files/${given.file}`;
  wireDialogs(document);
  wireRemoval(desk, given);
  const problems = showProblems(desk, given);
  const canvas = desk.querySelector("[data-canvas]");
  try {
    const [{ open }, file] = await Promise.all([EDITORS[given.kind](), send("GET", address)]);
    canvas.querySelector("[data-waiting]").remove();
    const saving = autosave({ address, revision: file.revision ?? file.file.revision, isOpen: given.isOpen, problems });
    const editor = await open({
      canvas,
      properties: desk.querySelector("[data-properties]"),
      content: file.content,
      isOpen: given.isOpen,
      choices: given.choices,
      onChange: saving.changed,
    });
    saving.attach(editor);
    problems.attach(editor);
    wireExport(desk, editor);
    wirePlaying(desk, given, editor, saving);
    wireProcess(file.content);
    desk.dataset.ready = "true";
  } catch (problem) {
    canvas.querySelector("[data-waiting]")?.remove();
    canvas.append(failure(given.name, problem));
    if (problem.status !== undefined) tell(problem);
  }
}

function failure(name, problem) {
  const told = document.createElement("p");
  told.className = "panel-body";
  told.role = "alert";
  told.textContent = `${name} cannot be shown here: ${problem.message} The list below says what is wrong; export the file to mend it.`;
  return told;
}

function wireDialogs(page) {
  page.addEventListener("click", ({ target }) => {
    const opener = target.closest("[data-open]");
    if (opener) page.querySelector(opener.dataset.open).showModal();
    if (target.closest("[data-close]")) target.closest("dialog").close();
  });
}

function wireRemoval(desk, given) {
  desk.querySelector("[data-remove]")?.addEventListener("click", async ({ currentTarget: button }) => {
    if (!(await askFor(`Take ${button.dataset.name} out of the project?`))) return;
    try {
      await send("DELETE", `/api/v1/studio/files/${button.dataset.remove}`);
      location.assign(`/studio/${given.project}`);
    } catch (problem) {
      tell(problem);
    }
  });
}

/** The link gives what stands in the editor, saved or not. */
function wireExport(desk, editor) {
  const link = desk.querySelector("[data-export]");
  link.addEventListener("click", async (event) => {
    if (link.href.startsWith("blob:")) return;
    event.preventDefault();
    link.href = URL.createObjectURL(new Blob([await editor.content()]));
    link.click();
    URL.revokeObjectURL(link.href);
    link.href = "#";
  });
}

/** A scenario that is added plays the process that is open. */
function wireProcess(content) {
  const key = /<(?:\w+:)?process [^>]*\bid="([^"]+)"/.exec(content)?.[1];
  if (key) document.querySelector("[data-process]").value = key;
}
