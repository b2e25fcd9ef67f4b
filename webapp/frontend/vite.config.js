// One entry per page; the server finds the hashed names in dist/manifest.json.
import { readdirSync } from "node:fs";
import { basename, resolve } from "node:path";

import { defineConfig } from "vite";

import { iconSprite } from "./build/icon-sprite.js";

const root = import.meta.dirname;
const pages = readdirSync(resolve(root, "src/pages")).filter((name) => name.endsWith(".js"));

export default defineConfig({
  root,
  base: "", // addresses relative to the importing file, so any static prefix works
  publicDir: false,
  plugins: [iconSprite(resolve(root, "icons.json"))],
  build: {
    outDir: resolve(root, "../static/dist"),
    emptyOutDir: true,
    manifest: "manifest.json",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // nothing as data: URI, the content security policy stays narrow
    chunkSizeWarningLimit: 900, // bpmn-js and form-js, each loaded on its own pages only
    rolldownOptions: {
      input: Object.fromEntries(pages.map((name) => [basename(name, ".js"), resolve(root, "src/pages", name)])),
    },
  },
});
