import "../base/index.js";

import { openDesk } from "../parts/studio/desk.js";

openDesk(document.querySelector("[data-desk]"));
