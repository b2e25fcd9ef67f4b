// Files dropped or chosen go up in pieces, a few at a time, each with a bar; one that breaks off is gone on with.
import { Problem, send } from "../base/requests.js";
import { brokenOff, forget, known, remember } from "./broken-off.js";
import { wireDropping } from "./dropping.js";
import * as tus from "./tus.js";
import { addRow } from "./upload-row.js";

const AT_ONCE = 3; // files
const PAUSES = [1000, 3000, 9000]; // milliseconds before another try by itself
const MAY_PASS = [0, 409, 460, 502, 503, 504]; // statuses that the same request may not meet again

/**
 * Wires a drop zone. `onDone(answer, file)` after each file that is filed, `onAll()` when none is under way any more.
 * The zone: data-upload with the wish as JSON ({links} or {document_id}), input[type=file], [data-uploads],
 * [data-told], template[data-upload-row].
 */
export function wireUploads(zone, { fieldsOf, onDone, onAll } = {}) {
  const input = zone.querySelector('input[type="file"]');
  const queue = queueOf(onAll);
  const here = {
    zone,
    queue,
    onDone,
    place: zone.dataset.upload,
    wish: JSON.parse(zone.dataset.upload || "{}"),
    lines: new Map(), // of uploads that broke off, by address
    focus: () => input.focus(),
    tell: (sentence) => (zone.querySelector("[data-told]").textContent = sentence),
  };
  const take = (files) => {
    const chosen = input.multiple ? files : files.slice(0, 1);
    if (chosen.length > 1) here.tell(`${chosen.length} files are on their way.`);
    for (const file of chosen) new Upload(here, file, present(fieldsOf?.() ?? {})).start();
  };

  const takeChosen = () => {
    const files = [...input.files];
    input.value = "";
    if (files.length > 0) take(files);
  };

  input.addEventListener("change", takeChosen);
  wireDropping(zone, take);
  showBrokenOff(here);
  takeChosen(); // somebody was faster than this script
}

/** Runs a few pieces of work at a time; `onEmpty` when nothing is left. */
function queueOf(onEmpty) {
  const waiting = [];
  let running = 0;
  const next = () => {
    while (running < AT_ONCE && waiting.length > 0) {
      running += 1;
      waiting.shift()().finally(() => {
        running -= 1;
        if (running + waiting.length === 0) onEmpty?.();
        next();
      });
    }
  };
  return (work) => {
    waiting.push(work);
    next();
  };
}

/** One file, from its line in the list to its document. */
class Upload {
  constructor(here, file, fields) {
    Object.assign(this, { here, file, fields, stop: new AbortController() });
    this.address = known(here.place, file);
    here.lines.get(this.address)?.remove();
    this.row = addRow(here.zone, file.name, () => this.cancel());
  }

  start() {
    this.row.wait("Waiting …");
    this.run(async () => {
      await this.send();
      const found = await tus.check(this.address, this.file, this.stop.signal);
      if (found.sentence) this.ask(found);
      else await this.fileIt();
    });
  }

  run(work) {
    this.here.queue(async () => {
      if (this.stop.signal.aborted) return;
      try {
        await work();
      } catch (problem) {
        this.refuse(problem);
      }
    });
  }

  /** Sends what has not arrived yet; a connection that breaks off is tried again by itself a few times. */
  async send() {
    const { file, stop, row } = this;
    const told = (bytes) => row.progress(file.size ? bytes / file.size : 1);
    for (let tried = 0; ; tried += 1) {
      try {
        const offset = await this.offset();
        await tus.sendRest(this.address, file, offset, { told, signal: stop.signal });
        return;
      } catch (problem) {
        if (!(problem instanceof Problem && MAY_PASS.includes(problem.status)) || tried >= PAUSES.length) throw problem;
        row.wait("The connection broke off; trying again …");
        await pause(PAUSES[tried], stop.signal);
      }
    }
  }

  /** Where to go on; a file that the server does not know (any more) begins anew. */
  async offset() {
    if (this.address) {
      try {
        return await tus.arrived(this.address, this.stop.signal);
      } catch (problem) {
        if (!(problem instanceof Problem) || problem.status !== 404) throw problem;
        forget(this.address);
      }
    }
    this.address = await tus.begin(this.file, this.stop.signal);
    remember(this.here.place, this.file, this.address);
    return 0;
  }

  ask({ sentence, documents }) {
    const { wish, tell } = this.here;
    const linkable = (wish.links ?? []).length > 0 && documents.length > 0;
    const link = { text: "Link the existing one", main: true, run: () => this.run(() => this.link(documents[0])) };
    const anyway = { text: "File it anyway", run: () => this.run(() => this.fileIt()) };
    this.row.ask(sentence, [...(linkable ? [link] : []), anyway, { text: "Leave it", run: () => this.cancel() }]);
    tell(`${this.file.name}: ${sentence}`);
  }

  async fileIt() {
    const wish = { ...this.here.wish, ...this.fields, duplicates: "file" };
    this.done(await tus.fileIt(this.address, wish, this.stop.signal));
  }

  async link(document) {
    for (const each of this.here.wish.links) await send("POST", `/api/v1/documents/${document.id}/links`, each);
    tus.drop(this.address);
    this.done(document);
  }

  done(answer) {
    forget(this.address);
    this.row.remove();
    this.here.tell(`${this.file.name} is filed.`);
    this.here.onDone?.(answer, this.file);
  }

  refuse(problem) {
    if (this.stop.signal.aborted) return;
    const sentence = problem instanceof Problem ? problem.message : "The file could not be read. Choose it again.";
    this.row.fail(sentence, [{ text: "Try again", run: () => this.start() }]);
    this.here.tell(`${this.file.name}: ${sentence}`);
  }

  cancel() {
    this.stop.abort();
    if (this.address) {
      forget(this.address);
      tus.drop(this.address);
    }
    this.row.remove();
    this.here.focus();
  }
}

/** After a reload the page has lost the files themselves, so a person has to choose them again. */
async function showBrokenOff(here) {
  const kept = brokenOff(here.place);
  if (kept.length === 0) return;
  const alive = new Map((await tus.underWay().catch(() => [])).map((each) => [each.id, each]));
  for (const { name, address } of kept) {
    const found = alive.get(address.split("/").at(-1));
    if (!found) {
      forget(address);
      continue;
    }
    const leave = () => {
      forget(address);
      tus.drop(address);
      row.remove();
      here.focus();
    };
    const row = addRow(here.zone, name, leave);
    row.brokenOff(found.size ? found.offset / found.size : 1);
    here.lines.set(address, row);
  }
}

function present(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("cancelled", "AbortError"));
    });
  });
}
