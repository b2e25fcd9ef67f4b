// Puts beside each built file that packs well what a browser may ask for instead: name.br and name.gz.
import { readFile, readdir, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const PACKS = /\.(css|m?js|svg)$/;
const LEAST = 1000; // bytes; below, the answer's headers weigh more than what is saved

/** `folder` holds the built files, directly. */
export function packed(folder) {
  return {
    name: "packed",
    apply: "build",
    async closeBundle() {
      const names = (await readdir(folder)).filter((name) => PACKS.test(name));
      await Promise.all(names.map((name) => pack(resolve(folder, name))));
    },
  };
}

async function pack(file) {
  const content = await readFile(file);
  if (content.length < LEAST) return;
  const params = {
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  await Promise.all([
    promisify(brotliCompress)(content, { params }).then((small) => writeFile(`${file}.br`, small)),
    promisify(gzip)(content, { level: 9 }).then((small) => writeFile(`${file}.gz`, small)),
  ]);
}
