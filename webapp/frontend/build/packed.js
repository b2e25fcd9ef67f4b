// Puts beside each built file that packs well what a browser may ask for instead: name.br and name.gz.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const PACKS = /\.(css|js|svg)$/;
const LEAST = 1000; // bytes; below, the answer's headers weigh more than what is saved

/** `folder` holds the built files, directly. */
export function packed(folder) {
  return {
    name: "packed",
    apply: "build",
    closeBundle() {
      readdirSync(folder).filter((name) => PACKS.test(name)).forEach((name) => pack(resolve(folder, name)));
    },
  };
}

function pack(file) {
  const content = readFileSync(file);
  if (content.length < LEAST) return;
  const params = {
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  writeFileSync(`${file}.br`, brotliCompressSync(content, { params }));
  writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
}
