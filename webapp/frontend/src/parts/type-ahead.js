// Finds records as one types: fields marked with data-choose, and one list that all of them share (WAI-ARIA combobox).
import { Problem, tell } from "../base/requests.js";

const PAUSE = 150; // milliseconds after the last key until the server is asked
const GAP = 4; // pixels between a field and the list
const CHOICE = '[role="option"]';

export class TypeAhead {
  #list;
  #status;
  #onChosen;
  #field = null; // whose list is open, or is being asked for
  #wait = 0;
  #asked = 0;
  #isWriting = false; // what is chosen is written into the field, which asks for nothing

  /** `list`: a listbox whose data-source, or the field's, is asked with ?q=; `status`: read aloud; `onChosen(field, option)`.

  A field with data-chosen says again what is chosen when it is left; another one keeps what was typed. */
  constructor(list, status, onChosen) {
    this.#list = list;
    this.#status = status;
    this.#onChosen = onChosen;
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    list.addEventListener("click", ({ target }) => {
      const option = target.closest(CHOICE);
      if (option) this.#choose(option);
    });
    const follow = ({ target }) => this.#isOpen && target !== list && this.#place();
    addEventListener("scroll", follow, { capture: true, passive: true });
    addEventListener("resize", follow);
  }

  /** Serves every field below `scope`, those that come later too. */
  wire(scope) {
    const on = (type, does) =>
      scope.addEventListener(type, (event) => event.target.matches("[data-choose]") && does(event.target, event));
    on("input", (field) => {
      if (this.#isWriting) return;
      clearTimeout(this.#wait);
      this.#wait = setTimeout(() => this.#ask(field, field.value), PAUSE);
    });
    on("focusin", (field) => field.dataset.chosen !== undefined && field.select());
    on("focusout", (field) => this.#leave(field));
    on("click", (field) => this.#isOpen || this.#ask(field, ""));
    on("keydown", (field, event) => this.#press(field, event.key) && event.preventDefault());
  }

  get #isOpen() {
    return this.#list.matches(":popover-open");
  }

  get #active() {
    return this.#list.querySelector('[aria-selected="true"]');
  }

  /** Returns whether the key was meant for the list. */
  #press(field, key) {
    switch (key) {
      case "ArrowDown":
      case "ArrowUp":
        if (this.#isOpen) this.#move(key === "ArrowDown" ? 1 : -1);
        else this.#ask(field, field.value === field.dataset.chosen ? "" : field.value);
        return true;
      case "Enter": // never sends the form
        if (this.#isOpen && this.#active) this.#choose(this.#active);
        return true;
      case "Escape": {
        const wasOpen = this.#isOpen;
        this.#leave(field);
        return wasOpen;
      }
    }
    return false;
  }

  async #ask(field, q) {
    this.#field = field;
    const mine = ++this.#asked;
    const answer = await fetch(`${field.dataset.source ?? this.#list.dataset.source}?q=${encodeURIComponent(q)}`, {
      credentials: "same-origin",
    }).catch(() => ({ ok: false, status: 0 }));
    const html = answer.ok ? await answer.text() : "";
    if (mine !== this.#asked || document.activeElement !== field) return; // typed on, or gone elsewhere
    if (!answer.ok) {
      tell(new Problem(answer.status, {}));
      return;
    }
    this.#list.innerHTML = html;
    this.#show(q !== "");
  }

  #show(pointing) {
    this.#list.showPopover();
    this.#list.scrollTop = 0;
    this.#field.setAttribute("aria-expanded", "true");
    this.#field.removeAttribute("aria-activedescendant");
    this.#status.textContent = this.#list.querySelector("[data-told]").dataset.told;
    this.#place();
    const first = this.#list.querySelector(CHOICE);
    if (first && pointing) this.#point(first);
  }

  /** Puts the list under the field, or above where there is more room. */
  #place() {
    const { left, bottom, top, width } = this.#field.getBoundingClientRect();
    const { style } = this.#list;
    style.minWidth = `${width}px`;
    const { offsetWidth, offsetHeight } = this.#list;
    const room = innerHeight - bottom - 2 * GAP;
    style.left = `${Math.max(GAP, Math.min(left, innerWidth - offsetWidth - GAP))}px`;
    style.top = `${room >= offsetHeight || room >= top ? bottom + GAP : Math.max(GAP, top - GAP - offsetHeight)}px`;
  }

  #move(by) {
    const all = [...this.#list.querySelectorAll(CHOICE)];
    if (!all.length) return;
    const at = all.indexOf(this.#active);
    this.#point(all[at < 0 && by < 0 ? all.length - 1 : (at + by + all.length) % all.length]);
  }

  #point(option) {
    this.#active?.removeAttribute("aria-selected");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.#field.setAttribute("aria-activedescendant", option.id);
  }

  #choose(option) {
    const field = this.#field;
    if (field.dataset.chosen !== undefined) field.dataset.chosen = option.dataset.name;
    this.#leave(field);
    this.#isWriting = true;
    this.#onChosen(field, option);
    this.#isWriting = false;
  }

  /** Closes the list; the field says again what is chosen. */
  #leave(field) {
    clearTimeout(this.#wait);
    this.#asked += 1;
    if (this.#isOpen) this.#list.hidePopover();
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
    if (field.dataset.chosen !== undefined) field.value = field.dataset.chosen;
  }
}
