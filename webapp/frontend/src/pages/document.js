// A document with its versions: preview, upload of a new version.
import "../base/index.js";

import { toastAfterwards } from "../base/toasts.js";
import { wirePreviews } from "../parts/preview.js";
import { wireUploads } from "../parts/upload.js";

wirePreviews(document);

document.querySelectorAll("[data-upload]").forEach((zone) => {
  wireUploads(zone, {
    fieldsOf: () => ({ reason: zone.querySelector("[name=reason]")?.value }),
    onDone: () => {
      toastAfterwards("The new version is filed.");
      location.reload();
    },
  });
});
