import "../base/index.js";

import { drawDiagram } from "../parts/diagram.js";

document.querySelectorAll(".diagram").forEach((box) => drawDiagram(box));
