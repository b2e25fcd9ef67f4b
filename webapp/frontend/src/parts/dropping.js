// Files and folders dropped on a zone, or anywhere on a page that has one zone only.
const MOST = 2000; // files of one drop

/** `take(files)` gets all files, those of folders too. */
export function wireDropping(zone, take) {
  const alone = document.querySelectorAll("[data-upload]").length === 1;
  const area = alone ? document : zone;
  let depth = 0;
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    zone.classList.toggle("is-over", depth > 0);
  };
  area.addEventListener("dragenter", (event) => hasFiles(event) && (event.preventDefault(), mark(1)));
  area.addEventListener("dragleave", (event) => hasFiles(event) && mark(-1));
  area.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  area.addEventListener("drop", async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(-depth);
    take(await filesOf(event.dataTransfer));
  });
}

function hasFiles(event) {
  return [...(event.dataTransfer?.types ?? [])].includes("Files");
}

async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return found;
}

async function walk(entry, found) {
  if (found.length >= MOST) return;
  if (entry.isFile) {
    found.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return;
    for (const each of batch) await walk(each, found);
  }
}
