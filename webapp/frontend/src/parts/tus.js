// Sends a file in pieces by tus 1.0.0: what has arrived stays with the server, so that it can be gone on with.
import { formKey, Problem } from "../base/requests.js";

const PIECE = 8 << 20; // bytes of one request
const TYPE = "application/offset+octet-stream";
const DIGESTED = 64 << 20; // bytes; of a larger file the server alone works out the digest
const START = "/api/v1/uploads";

/** Announces a file; gives its address. */
export async function begin(file, signal) {
  const name = btoa(String.fromCharCode(...new TextEncoder().encode(file.name)));
  const headers = { "Upload-Length": String(file.size), "Upload-Metadata": `filename ${name}` };
  return (await ask("POST", START, { headers, signal })).headers.get("Location");
}

/** How many bytes have arrived; throws a Problem with status 404 when the server knows nothing of it. */
export async function arrived(address, signal) {
  const answer = await ask("HEAD", address, { signal });
  return Number(answer.headers.get("Upload-Offset"));
}

/** Sends what follows `offset`, piece by piece; `told(bytes)` hears how far it is. */
export async function sendRest(address, file, offset, { told, signal }) {
  told(offset);
  while (offset < file.size) {
    const piece = file.slice(offset, offset + PIECE);
    offset = await sendPiece(address, piece, offset, { told, signal });
    told(offset);
  }
}

/** What the server says of the whole file: `{digest, sentence, documents}`; a sentence when it is filed already. */
export async function check(address, file, signal) {
  const sha256 = await digestOf(file);
  return json(await ask("POST", `${address}/check`, { body: sha256 ? { sha256 } : {}, signal }));
}

/** Makes a document of it. */
export async function fileIt(address, wish, signal) {
  return json(await ask("POST", `${address}/file`, { body: wish, signal }));
}

/** Throws it away; that it is gone already is fine. */
export async function drop(address) {
  await ask("DELETE", address, { keepalive: true }).catch(() => {});
}

/** The uploads of mine that the server still has. */
export async function underWay() {
  return (await json(await ask("GET", START, {}))).items;
}

async function ask(method, address, { headers = {}, body, signal, keepalive = false }) {
  const sent = { Accept: "application/problem+json, application/json", "Tus-Resumable": "1.0.0", ...headers };
  if (!["GET", "HEAD"].includes(method)) sent["X-CSRFToken"] = formKey();
  if (body) sent["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(address, { method, headers: sent, body: body && JSON.stringify(body), signal, keepalive });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, {});
  }
  if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({})));
  return answer;
}

function json(answer) {
  return answer.json();
}

function sendPiece(address, piece, offset, { told, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch tells nothing about what has gone up
    const stop = () => request.abort();
    request.open("PATCH", address);
    request.setRequestHeader("X-CSRFToken", formKey());
    request.setRequestHeader("Accept", "application/problem+json, application/json");
    request.setRequestHeader("Tus-Resumable", "1.0.0");
    request.setRequestHeader("Upload-Offset", String(offset));
    request.setRequestHeader("Content-Type", TYPE);
    request.upload.addEventListener("progress", ({ loaded }) => told(offset + loaded));
    request.addEventListener("load", () => {
      if (request.status < 400) resolve(Number(request.getResponseHeader("Upload-Offset")));
      else reject(new Problem(request.status, parsed(request.responseText)));
    });
    request.addEventListener("error", () => reject(new Problem(0, {})));
    request.addEventListener("abort", () => reject(new DOMException("cancelled", "AbortError")));
    request.addEventListener("loadend", () => signal.removeEventListener("abort", stop));
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    else request.send(piece);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** SHA-256 in hexadecimal, null where the browser cannot or should not. */
async function digestOf(file) {
  if (!globalThis.crypto?.subtle || file.size > DIGESTED) return null;
  const bytes = await crypto.subtle.digest("SHA-256", await file.arrayBuffer()).catch(() => null);
  return bytes && [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
