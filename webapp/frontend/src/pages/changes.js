import "../base/index.js";

import { compareDiagrams } from "../parts/studio/changes.js";

const place = document.querySelector("[data-changes]");
if (place) compareDiagrams(place);
