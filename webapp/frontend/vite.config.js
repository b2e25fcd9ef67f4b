// One entry per page; the server finds the hashed names in dist/manifest.json.
import { readdirSync } from "node:fs";
import { basename, resolve } from "node:path";

import { defineConfig } from "vite";

import { adoptedStyles } from "./build/adopted-styles.js";
import { iconSprite } from "./build/icon-sprite.js";
import { packed } from "./build/packed.js";
import { pdfFiles } from "./build/pdf-files.js";
import { usedStyles } from "./build/used-styles.js";

const root = import.meta.dirname;
const dist = resolve(root, "../static/dist");
const pages = readdirSync(resolve(root, "src/pages")).filter((name) => name.endsWith(".js"));

export default defineConfig({
  root,
  base: "", // addresses relative to the importing file, so any static prefix works
  publicDir: false,
  resolve: { alias: [{ find: /^domify$/, replacement: resolve(root, "src/parts/studio/domify.js") }] },
  plugins: [
    adoptedStyles(),
    iconSprite(resolve(root, "icons.json")),
    usedStyles({
      sheets: ["@tabler/core/dist/css/tabler.min.css"],
      root,
      where: ["../templates/**/*.html", "../pages/*.py", "src/**/*.js"],
    }),
    packed(resolve(dist, "assets")),
    pdfFiles(resolve(root, "node_modules"), resolve(dist, "assets")),
  ],
  build: {
    outDir: dist,
    emptyOutDir: true,
    manifest: "manifest.json",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // nothing as data: URI, the content security policy stays narrow
    chunkSizeWarningLimit: 900, // bpmn-js and form-js, each loaded on its own pages only
    rolldownOptions: {
      checks: { bundlerTimings: false, pluginTimings: false }, // packing takes long on a busy machine, and that is all right
      input: Object.fromEntries(pages.map((name) => [basename(name, ".js"), resolve(root, "src/pages", name)])),
    },
  },
});
