// A real browser for the tests of the page: each page that it opens is watched, and must say nothing to the console and
// ask for nothing but its own file.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { chromium } = createRequire(new URL("../viewer/page/package.json", import.meta.url))("playwright-core");

const kArguments = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

export class Browser {
  constructor(renderer) {
    this.renderer = renderer;
    this.directory = mkdtempSync(join(tmpdir(), "fdtrace-page-"));
    this.count = 0;
  }

  async start() {
    this.chromium = await chromium.launch({ executablePath: "/usr/bin/chromium", args: kArguments });
  }

  async stop() {
    await this.chromium?.close();
    rmSync(this.directory, { recursive: true });
  }

  // The file of a page that shows REPORT, in the words of report.proto.
  make(report) {
    const made = spawnSync(this.renderer, { input: JSON.stringify(report), maxBuffer: 1 << 28, timeout: 60000 });
    assert.equal(made.status, 0, String(made.stderr));
    const file = join(this.directory, `${++this.count}.html`);
    writeFileSync(file, made.stdout);
    return file;
  }

  // Runs CHECK on the page in FILE, then asks whether it behaved.
  async open(file, check, { hash = "", ...options } = {}) {
    const context = await this.chromium.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(10000);
    const said = [];
    const asked = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    page.on("dialog", (dialog) => {
      said.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => asked.push(request.url().split("#")[0]));
    await page.goto(`file://${file}${hash}`);
    await page.waitForSelector("html[data-ready]");
    await check(page);
    await context.close();
    assert.deepEqual(said, [], "the page said something to the console");
    assert.deepEqual(asked, [`file://${file}`], "the page asked for something");
  }
}
