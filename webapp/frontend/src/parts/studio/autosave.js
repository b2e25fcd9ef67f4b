// Saves what is drawn a moment after it has changed; what somebody else saved meanwhile is never overwritten unasked.
import { send, tell } from "../../base/requests.js";

const PAUSE = 900; // milliseconds without a change until it is saved

export function autosave({ address, revision, isOpen, problems }) {
  const shown = document.querySelector("[data-saved]");
  let [editor, timer, running, isDirty] = [null, null, null, false];

  function say(text, isWrong = false) {
    shown.textContent = text;
    shown.classList.toggle("saved-not", isWrong);
  }

  function changed() {
    isDirty = true;
    say("Not saved yet");
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  }

  async function save() {
    if (running || !editor) return;
    clearTimeout(timer);
    isDirty = false;
    say("Saving …");
    try {
      const content = await editor.content();
      running = send("PATCH", address, { content, revision });
      const answer = await running;
      revision = answer.revision;
      problems.show(answer.findings);
      say(isDirty ? "Not saved yet" : "Saved");
    } catch (problem) {
      isDirty = true;
      say("Not saved", true);
      if (problem.code === "file_changed") await decide(problem.body.details);
      else tell(problem);
      return;
    } finally {
      running = null;
    }
    if (isDirty) timer = setTimeout(save, PAUSE);
  }

  /** When nothing is left to be saved. */
  async function settled() {
    while (isDirty || running) await (running ?? save());
  }

  async function decide({ changed_by: who, revision: theirs }) {
    const choice = await chosen(who, await editor.content());
    if (choice === "theirs") {
      isDirty = false;
      location.reload();
    } else if (choice === "mine") {
      revision = theirs;
      save();
    }
  }

  wireKeys(() => isDirty && save(), () => isDirty || running);
  if (!isOpen) say("Nothing can be changed now");
  return { changed: isOpen ? changed : () => {}, attach: (opened) => (editor = opened), settled };
}

/** Two have changed the same file: shows who, and lets the person choose. */
function chosen(who, mine) {
  const dialog = document.querySelector("#file-changed");
  dialog.querySelector("[data-who]").textContent =
    `${who} saved it while you were changing it. Nothing of either is lost until you choose.`;
  dialog.querySelector("[data-mine]").href = URL.createObjectURL(new Blob([mine]));
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}

function wireKeys(save, isOpen) {
  addEventListener("beforeunload", (event) => {
    if (isOpen()) event.preventDefault();
  });
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
    event.preventDefault();
    save();
  });
}
