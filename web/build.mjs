// Builds the web UI and writes it as one C++ file that src/api links in.
//
//   node web/build.mjs OUTPUT_FOLDER
//
// Writes OUTPUT_FOLDER/assets/ (each file plain and as .gz) and OUTPUT_FOLDER/embedded_assets.cc.
// Names of assets carry the hash of what is in them, so that browsers may keep them for ever.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const web = path.dirname(fileURLToPath(import.meta.url));
const output = process.argv[2];
if (!output) throw new Error("usage: node web/build.mjs OUTPUT_FOLDER");

/** What a browser loads before it shows the first page, compressed. */
const firstPageBytesMax = 200_000;

let esbuild;
try {
  esbuild = await import("esbuild");
} catch {
  console.error("web/build.mjs: the web tools are missing; run scripts/bootstrap");
  process.exit(1);
}

const types = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

const built = await esbuild.build({
  absWorkingDir: web,
  entryPoints: { app: "src/main.tsx" },
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  charset: "utf8",
  legalComments: "none",
  outdir: "out",
  write: false,
  logLevel: "warning",
});

const files = new Map(built.outputFiles.map((file) => [path.basename(file.path), Buffer.from(file.contents)]));
for (const name of ["theme.js", "icon.svg"]) files.set(name, fs.readFileSync(path.join(web, "static", name)));

const hashOf = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 16);
const assets = [];
const pathOf = new Map();
for (const [name, bytes] of files) {
  const { name: stem, ext } = path.parse(name);
  const hashed = `/assets/${stem}-${hashOf(bytes)}${ext}`;
  pathOf.set(name, hashed);
  assets.push({ path: hashed, type: types[ext], bytes });
}
const shell = fs.readFileSync(path.join(web, "static/index.html"), "utf8").replace(/\{\{(.+?)\}\}/g, (_, name) => {
  if (!pathOf.has(name)) throw new Error(`index.html names ${name}, which is not built`);
  return pathOf.get(name);
});
assets.unshift({ path: "/ui", type: types[".html"], bytes: Buffer.from(shell) });

fs.rmSync(path.join(output, "assets"), { recursive: true, force: true });
fs.mkdirSync(path.join(output, "assets"), { recursive: true });
let firstPageBytes = 0;
assets.forEach((asset, number) => {
  asset.file = path.resolve(output, "assets", asset.path.split("/").pop());
  asset.symbol = `understudy_asset_${number}`;
  const packed = gzipSync(asset.bytes, { level: 9 });
  firstPageBytes += packed.length;
  fs.writeFileSync(asset.file, asset.bytes);
  fs.writeFileSync(`${asset.file}.gz`, packed);
});
if (firstPageBytes > firstPageBytesMax) {
  console.error(`web/build.mjs: the first page has ${firstPageBytes} bytes compressed, above ${firstPageBytesMax}`);
  process.exit(1);
}

const piece = (symbol, file) => `__asm__(".section .rodata\\n.global ${symbol}\\n${symbol}:\\n.incbin \\"${file}\\"\\n.global ${symbol}_end\\n${symbol}_end:\\n.byte 0\\n.previous\\n");
extern "C" const char ${symbol}[];
extern "C" const char ${symbol}_end[];
`;
const view = (symbol) => `{${symbol}, static_cast<size_t>(${symbol}_end - ${symbol})}`;
const source = `// Written by web/build.mjs. First page: ${firstPageBytes} bytes compressed.
#include "api/web_assets.h"

${assets.map((a) => piece(a.symbol, a.file) + piece(`${a.symbol}_gz`, `${a.file}.gz`)).join("")}
namespace understudy::api {

std::vector<WebAsset> embedded_web_assets() {
  return {
${assets.map((a) => `      {"${a.path}", "${a.type}", "\\"${hashOf(a.bytes)}\\"",\n       ${view(a.symbol)},\n       ${view(`${a.symbol}_gz`)}},`).join("\n")}
  };
}

}  // namespace understudy::api
`;
fs.writeFileSync(path.join(output, "embedded_assets.cc"), source);
