// Pages that documents are filed on: previews, drop zones.
import "../base/index.js";

import { wireFiling } from "../parts/filing.js";

wireFiling();
