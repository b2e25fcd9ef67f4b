// Copies what pdf.js fetches while it draws: fonts that files do not carry, character maps, decoders without WebAssembly.
import { cp, mkdir, readFile, readdir } from "node:fs/promises";
import { resolve } from "node:path";

/** `modules` is the folder pdfjs-dist is installed in, `folder` that of the built files. */
export function pdfFiles(modules, folder) {
  const source = resolve(modules, "pdfjs-dist");
  return {
    name: "pdf-files",
    apply: "build",
    async closeBundle() {
      const { version } = JSON.parse(await readFile(resolve(source, "package.json"), "utf8"));
      const target = resolve(folder, `pdfjs-${version}`); // the version in the name: browsers keep these files for ever
      await mkdir(resolve(target, "wasm"), { recursive: true });
      await cp(resolve(source, "cmaps"), resolve(target, "cmaps"), { recursive: true });
      await cp(resolve(source, "standard_fonts"), resolve(target, "standard_fonts"), { recursive: true });
      const decoders = await readdir(resolve(source, "wasm"));
      for (const name of decoders.filter((each) => each.endsWith("_nowasm_fallback.js") || each.startsWith("LICENSE"))) {
        await cp(resolve(source, "wasm", name), resolve(target, "wasm", name));
      }
    },
  };
}
