// Short messages in the corner; read out by screen readers, gone after a while unless something can be done.
const PERIOD = 7000; // milliseconds

/** kind: success, info, warning or danger; action: {text, run} */
export function toast(message, { kind = "info", action } = {}) {
  const shelf = document.querySelector("#toasts");
  const item = document.querySelector("#toast-template").content.firstElementChild.cloneNode(true);
  item.classList.add(`toast-${kind}`);
  item.querySelector("[data-text]").textContent = message;
  item.querySelector("[data-close]").addEventListener("click", () => item.remove());
  if (action) addAction(item, action);
  shelf.append(item);
  while (shelf.children.length > 4) shelf.firstElementChild.remove();
  if (!action) setTimeout(() => item.remove(), PERIOD);
}

function addAction(item, { text, run }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm";
  button.textContent = text;
  button.addEventListener("click", run);
  item.querySelector("[data-body]").append(button);
}

// a message left for the page that comes after a redirect
const KEY = "obieg.toast";

export function toastAfterwards(message, kind = "success") {
  sessionStorage.setItem(KEY, JSON.stringify({ message, kind }));
}

const left = sessionStorage.getItem(KEY);
if (left) {
  sessionStorage.removeItem(KEY);
  const { message, kind } = JSON.parse(left);
  toast(message, { kind });
}

// server-rendered fragments may send HX-Trigger: {"toast": {"message": …, "kind": …}}
document.addEventListener("toast", ({ detail }) => toast(detail.message, detail));
