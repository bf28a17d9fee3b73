// Makes the page, one file without its data, and its bytes for C++: `node build.mjs
// PAGE.html BYTES.inc`. Its policy allows the page's own script and
// style, by their hashes, and nothing else: whatever text a report brings can run nothing and reach nothing.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const [output, bytes] = process.argv.slice(2);
if (!output || !bytes) {
  console.error("build.mjs: outputs are missing; write node build.mjs PAGE.html BYTES.inc");
  process.exit(2);
}

const bundle = await build({
  absWorkingDir: here,
  entryPoints: ["src/main.tsx"],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  charset: "ascii",
  outdir: "out", // names the parts; nothing is written there
  write: false,
});
const part = (extension) => bundle.outputFiles.find((file) => file.path.endsWith(extension)).text;

// Inside an element, only its end tag ends it; the minifier escapes that in scripts.
const script = part(".js");
const style = part(".css");
for (const [text, tag] of [[script, "</script"], [style, "</style"]]) {
  if (text.toLowerCase().includes(tag)) throw new Error(`the bundle holds ${tag}`);
}
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

// Functions as replacements: a string's "$&" would be taken for a pattern.
const page = readFileSync(join(here, "src/page.html"), "utf8")
  .replace("@SCRIPT_HASH@", () => hash(script))
  .replace("@STYLE_HASH@", () => hash(style))
  .replace("@STYLE@", () => style)
  .replace("@SCRIPT@", () => script);
writeFileSync(output, page);
writeFileSync(bytes, [...Buffer.from(page)].map((byte) => `${byte},`).join("").replace(/.{1,118},/g, "$&\n"));
