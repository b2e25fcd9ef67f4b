// Keeps of a large style sheet only the rules whose classes, elements and attributes our pages name somewhere.
import { resolve } from "node:path";

import { PurgeCSS } from "purgecss";

// what texts of forms may hold, written by whoever designs a process
const WRITTEN = "h1 h2 h3 h4 h5 h6 p blockquote ul ol li a b strong i em code pre table thead tbody tr th td hr img".split(" ");

/** `sheets` are the endings of the sheets' paths; `root` is the folder that `where`, patterns of sources, start from. */
export function usedStyles({ sheets, root, where }) {
  const content = where.map((pattern) => resolve(root, pattern));
  return {
    name: "used-styles",
    apply: "build",
    enforce: "pre",
    async transform(code, id) {
      if (!sheets.some((sheet) => id.endsWith(sheet))) return null;
      const [{ css }] = await new PurgeCSS().purge({ content, css: [{ raw: code }], keyframes: true, safelist: WRITTEN });
      return { code: css, map: null };
    },
  };
}
