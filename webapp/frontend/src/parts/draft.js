// Keeps what somebody enters into a form on the server, until it is sent.
import { send } from "../base/requests.js";

const PAUSE = 1000; // milliseconds without a change

/** Returns `{start, stop}`; after `stop` nothing more is kept and nothing is under way. */
export function keepDrafts(form, address) {
  const told = document.querySelector("[data-kept]");
  let timer = null;
  let running = Promise.resolve();
  let isOn = true;

  const keep = (data) => {
    running = running.then(async () => {
      try {
        await send("PUT", address, data);
        told.textContent = "What you entered is kept.";
      } catch (problem) {
        told.textContent = `What you entered is not kept: ${problem.message}`;
      }
    });
    return running;
  };
  const pause = () => {
    timer = null;
    keep(entered(form));
  };

  let before = JSON.stringify(entered(form)); // a form that draws itself has changed nothing
  form.on("changed", () => {
    const now = JSON.stringify(entered(form));
    if (!isOn || now === before) return;
    before = now;
    clearTimeout(timer);
    timer = setTimeout(pause, PAUSE);
  });
  addEventListener("pagehide", () => timer && leave(form, address));
  document.querySelector("[data-discard]")?.addEventListener("click", async () => {
    isOn = false;
    clearTimeout(timer);
    timer = null; // or leaving the page would keep it again
    await keep({});
    location.reload();
  });
  return {
    start: () => (isOn = true),
    stop: () => {
      isOn = false;
      clearTimeout(timer);
      timer = null;
      return running;
    },
  };
}

/** The page goes away: the request outlives it. */
function leave(form, address) {
  send("PUT", address, entered(form), { keepalive: true }).catch(() => {});
}

/** What the form would send: its fields, and nothing else that it shows. */
function entered(form) {
  return form._getSubmitData();
}
