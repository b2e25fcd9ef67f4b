// Files dropped or chosen go up one request each, with a bar; what arrived is shown by the page itself.
import { formKey, Problem } from "../base/requests.js";

/**
 * Wires a drop zone. `onDone(answer, file)` after each file that arrived, `onAll()` after the last one.
 * The zone: data-address, input[type=file], [data-uploads] list, template[data-upload-row].
 */
export function wireUploads(zone, { fieldsOf, onDone, onAll }) {
  const input = zone.querySelector('input[type="file"]');
  let running = 0;

  const take = (files) => {
    for (const file of input.multiple ? files : files.slice(0, 1)) {
      running += 1;
      upload(zone, file, fieldsOf?.() ?? {})
        .then((answer) => onDone?.(answer, file), () => {})
        .finally(() => {
          running -= 1;
          if (running === 0) onAll?.();
        });
    }
  };

  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = "";
  });
  wireDropping(zone, take);
}

function wireDropping(zone, take) {
  let depth = 0;
  const mark = () => zone.classList.toggle("is-over", depth > 0);
  zone.addEventListener("dragenter", (event) => {
    event.preventDefault();
    depth += 1;
    mark();
  });
  zone.addEventListener("dragleave", () => {
    depth -= 1;
    mark();
  });
  zone.addEventListener("dragover", (event) => event.preventDefault());
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    mark();
    take([...event.dataTransfer.files]);
  });
}

function upload(zone, file, fields) {
  const row = addRow(zone, file);
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) if (value) body.append(name, value);
  body.append("file", file);

  const request = new XMLHttpRequest(); // fetch tells nothing about what has gone up
  request.open("POST", zone.dataset.address);
  request.setRequestHeader("X-CSRFToken", formKey());
  request.setRequestHeader("Accept", "application/problem+json, application/json");
  request.responseType = "json";
  row.cancel.addEventListener("click", () => (request.readyState === 4 ? row.element.remove() : request.abort()));
  request.upload.addEventListener("progress", ({ loaded, total }) => row.progress(loaded / total));

  return new Promise((resolve, reject) => {
    const fail = (sentence) => {
      row.fail(sentence);
      reject(new Error(sentence));
    };
    request.addEventListener("load", () => {
      if (request.status >= 400) return fail(new Problem(request.status, request.response ?? {}).message);
      row.element.remove();
      return resolve(request.response);
    });
    request.addEventListener("error", () => fail(new Problem(0, {}).message));
    request.addEventListener("abort", () => {
      row.element.remove();
      reject(new Error("cancelled"));
    });
    request.send(body);
  });
}

function addRow(zone, file) {
  const element = zone.querySelector("template[data-upload-row]").content.firstElementChild.cloneNode(true);
  const bar = element.querySelector("progress");
  const state = element.querySelector("[data-state]");
  element.querySelector("[data-name]").textContent = file.name;
  zone.querySelector("[data-uploads]").append(element);
  return {
    element,
    cancel: element.querySelector("button"),
    progress(share) {
      bar.value = share;
      state.textContent = share < 1 ? `${Math.floor(share * 100)} %` : "Checking …";
    },
    fail(sentence) {
      element.classList.add("is-failed");
      state.textContent = sentence;
      bar.remove();
    },
  };
}
