// What every page needs: styles, htmx with its security settings, toasts, theme and time zone.
import "@fontsource-variable/inter/index.css";
import "@tabler/core/dist/css/tabler.min.css";
import "./base.css";
import "./layout.css";
import "./pieces.css";
import "./lists.css";
import "./papers.css";
import "./documents.css";
import "./cases.css";
import "./links.css";
import "./search.css";
import "./messages.css";

import "./requests.js";
import "./shell.js";
