// One line per file under way: its name, how far it is, and what a person can do about it.

/** Adds a line to the zone's list; `cancel` is what its cross does. */
export function addRow(zone, name, cancel) {
  const element = zone.querySelector("template[data-upload-row]").content.firstElementChild.cloneNode(true);
  const bar = element.querySelector("progress");
  const state = element.querySelector("[data-state]");
  const choices = element.querySelector("[data-choices]");
  const cross = element.querySelector("[data-cancel]");
  element.querySelector("[data-name]").textContent = name;
  bar.setAttribute("aria-label", name);
  cross.setAttribute("aria-label", `Cancel ${name}`);
  cross.addEventListener("click", () => cancel());
  zone.querySelector("[data-uploads]").append(element);

  const say = (sentence, { kind = "", options = [], isOpen = false } = {}) => {
    element.classList.toggle("is-failed", kind === "failed");
    element.classList.toggle("is-asking", kind === "asking");
    state.textContent = sentence;
    bar.hidden = !isOpen;
    choices.replaceChildren(...options.map(({ text, run, main }) => button(text, run, main)));
    choices.hidden = options.length === 0;
  };
  return {
    element,
    progress(share) {
      bar.value = share;
      say(share < 1 ? `${Math.floor(share * 100)} %` : "Checking …", { isOpen: true });
    },
    wait: (sentence) => say(sentence, { isOpen: true }),
    fail: (sentence, options) => say(sentence, { kind: "failed", options }),
    ask: (sentence, options) => say(sentence, { kind: "asking", options }),
    brokenOff(share) {
      bar.value = share;
      say(`Broke off at ${Math.floor(share * 100)} %. Choose the file again to go on.`, { isOpen: true });
    },
    remove: () => element.remove(),
  };
}

function button(text, run, main = false) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = main ? "btn btn-sm btn-primary" : "btn btn-sm";
  made.textContent = text;
  made.addEventListener("click", run, { once: true });
  return made;
}
