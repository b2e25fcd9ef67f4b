// Gathers the icons that templates name into one hashed sprite: <use href="icons-….svg#inbox">.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

const SOURCE = "icons.svg"; // its name in the manifest

/** `list` is the file that names the icons. */
export function iconSprite(list) {
  const folder = resolve(dirname(list), "node_modules/@tabler/icons/icons/outline");
  return {
    name: "icon-sprite",
    apply: "build",
    buildStart() {
      this.addWatchFile(list);
    },
    generateBundle() {
      const symbols = JSON.parse(readFileSync(list, "utf8")).map((name) => symbolOf(folder, name)).join("\n");
      this.emitFile({
        type: "asset",
        name: SOURCE,
        originalFileName: SOURCE,
        source: `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols}\n</svg>\n`,
      });
    },
  };
}

function symbolOf(folder, name) {
  const drawing = readFileSync(resolve(folder, `${name}.svg`), "utf8");
  const inside = drawing.replace(/<!--[\s\S]*?-->/g, "").match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1];
  return `<symbol id="${name}" viewBox="0 0 24 24">${inside.trim()}</symbol>`;
}
