// Drop zones of pages that show what is filed here in #filed or #documents: after the last file the list is fetched anew.
import htmx from "htmx.org";

import { toast } from "../base/toasts.js";
import { wirePreviews } from "./preview.js";
import { wireUploads } from "./upload.js";

export function wireFiling() {
  wirePreviews(document);
  document.querySelectorAll("[data-upload]").forEach((zone) => {
    let count = 0;
    wireUploads(zone, {
      onDone: (_answer, file) => {
        count += 1;
        toast(`${file.name} is filed.`, { kind: "success" });
      },
      onAll: () => {
        if (count > 0) refresh();
        count = 0;
      },
    });
  });
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ["filed", "documents"]) {
    const found = fresh.getElementById(id);
    const shown = document.getElementById(id);
    if (!found || !shown) continue;
    shown.replaceWith(document.adoptNode(found));
    htmx.process(found);
  }
}
