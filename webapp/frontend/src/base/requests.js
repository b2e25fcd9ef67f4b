// htmx and fetch: every changing request carries the form key, every refusal becomes a toast.
import htmx from "htmx.org";

import { toast } from "./toasts.js";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

htmx.config.noSwap = [204, 304, "4xx", "5xx"];
htmx.config.history = false;
htmx.config.defaultSettleDelay = 0; // else it copies style attributes of what it replaces, which our policy refuses
htmx.config.defaultTimeout = 30000; // milliseconds

export function formKey() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

export function headers(method) {
  const wanted = { Accept: "application/problem+json, application/json, text/html;q=0.9" };
  if (!SAFE.has(method)) wanted["X-CSRFToken"] = formKey();
  return wanted;
}

/** Sends JSON and gives the answer's JSON; `options` are more of fetch's; throws a Problem, which `tell` can show. */
export async function send(method, address, body, options = {}) {
  const asked = { method, credentials: "same-origin", headers: headers(method), ...options };
  if (body !== undefined) {
    asked.headers["Content-Type"] = "application/json";
    asked.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(address, asked);
  } catch {
    throw new Problem(0, {});
  }
  const json = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, json);
  return json;
}

/** A refusal of the server, RFC 9457. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || sentenceFor(status));
    this.status = status;
    this.code = body.code ?? "";
    this.body = body;
  }
}

export function tell(problem) {
  const reload = problem.status === 401 || problem.code === "form_expired";
  toast(problem.message, {
    kind: problem.status >= 500 || problem.status === 0 ? "danger" : "warning",
    action: reload ? { text: "Reload the page", run: () => location.reload() } : undefined,
  });
}

function sentenceFor(status) {
  if (status === 0) return "The server does not answer. Check your connection and try again.";
  if (status === 401) return "You are no longer logged in. Reload the page and log in again.";
  if (status === 413) return "The file is larger than this installation accepts.";
  if (status >= 500) return "Something went wrong on our side. Nothing was changed; try again in a moment.";
  return "The request was refused. Reload the page and try again.";
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

document.addEventListener("htmx:config:request", ({ detail }) => {
  Object.assign(detail.ctx.request.headers, headers(detail.ctx.request.method));
});

document.addEventListener("htmx:response:error", ({ detail }) => {
  tell(new Problem(detail.ctx.response.status, parsed(detail.ctx.text)));
});

document.addEventListener("htmx:error", ({ detail }) => {
  if (detail.ctx) tell(new Problem(0, {}));
  else throw detail.error;
});

document.addEventListener("htmx:confirm", (event) => {
  const { ctx, issueRequest, dropRequest } = event.detail;
  if (!ctx.confirm) return;
  event.preventDefault();
  askFor(ctx.confirm).then((yes) => (yes ? issueRequest() : dropRequest()));
});

export function askFor(question) {
  const dialog = document.querySelector("#confirm");
  dialog.querySelector("p").textContent = question;
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
