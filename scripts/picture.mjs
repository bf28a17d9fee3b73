#!/usr/bin/env node
// Makes docs/report.png, the README's picture of the page, from examples/leaky.py. Needs what scripts/setup installs.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { chromium } = createRequire(join(root, "viewer/page/package.json"))("playwright-core");
const directory = "/tmp/app"; // is in the picture; one that is there already is not touched
mkdirSync(directory);
try {
  copyFileSync(join(root, "examples/leaky.py"), join(directory, "leaky.py"));
  const page = join(directory, "leaks.html");
  const run = spawnSync(
    join(root, "scripts/fdtrace"),
    ["-q", "--sources", "-o", join(directory, "t.fdt"), "-r", page, "--", "/usr/bin/python3", "leaky.py"],
    { cwd: directory, stdio: ["ignore", "ignore", "inherit"], timeout: 600000 },
  );
  if (run.status !== 0) throw new Error(`scripts/fdtrace ended with status ${run.status}`);
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
  const tab = await browser.newPage({ viewport: { width: 1100, height: 760 }, colorScheme: "light" });
  await tab.goto(`file://${page}`);
  await tab.locator(".opener").first().click();
  await tab.waitForTimeout(500);
  mkdirSync(join(root, "docs"), { recursive: true });
  await tab.screenshot({ path: join(root, "docs/report.png") });
  await browser.close();
} finally {
  rmSync(directory, { recursive: true });
}
