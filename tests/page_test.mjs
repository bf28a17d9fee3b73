// The HTML report in a real browser: `node page_test.mjs FDTRACE RENDER_PAGE PROGRAMS [NAME…]`. Prints TAP; each test is
// one point.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { Browser } from "./browser.mjs";

const [fdtrace, renderer, programs] = process.argv.slice(2, 5).map((path) => resolve(path));
const chosen = process.argv.slice(5);
const browser = new Browser(renderer);

const frame = (name, file, line, more = {}) => ({ function: name, file, line, module: "/usr/bin/server", ...more });

function site(name, open, more = {}) {
  return {
    verdict: "HELD", resource: "file", call: "open", opened: open, still_open: open, peak_open: open,
    stack: [frame(name, "/src/server.c", 10, { own: true }), frame("main", "/src/main.c", 99)],
    descriptors: [{ pid: 7, fd: 3, path: `/data/${name}` }],
    ...more,
  };
}

function report(more = {}) {
  return {
    recording: { command: ["server", "--port", "80"], duration_ns: "2000000000", complete: true, opened: 60, still_open: 38, started_at: "2026-01-02T03:04:05.000Z" },
    processes: [{ pid: 7, executable: "/usr/bin/server", command_line: ["server"] }, { pid: 8, parent_pid: 7, executable: "/usr/bin/helper", command_line: ["helper"] }],
    leaks: [
      site("load_config", 25, { verdict: "GROWING" }),
      site("accept_client", 12, { resource: "socket", descriptors: [{ pid: 8, fd: 4, path: "tcp 127.0.0.1:80 <-> 127.0.0.1:5000 CLOSE_WAIT" }] }),
      site("open_log", 1, { verdict: "SINGLE", stack: [frame("open_log", "/src/log.c", 5, { own: true, module: "/usr/lib/liblog.so" })] }),
    ],
    timeline: [0, 1, 2].map((i) => ({ at_ns: String(i * 1e9), open: i * 19, limit: "1024" })),
    ...more,
  };
}

const names = (page) => page.locator("table.leaks tr.site .opener .function").allTextContents();

const tests = {
  async "shows function, file and count of a real program's leaks"() {
    const file = join(browser.directory, "real.html");
    const run = spawnSync(fdtrace, ["-q", "-o", join(browser.directory, "t.fdt"), "-r", file, "--", "/usr/bin/python3", join(programs, "exporter.py"), browser.directory, "orderly"], {
      cwd: browser.directory, timeout: 60000,
    });
    assert.equal(run.status, 3, String(run.stderr));
    await browser.open(file, async (page) => {
      // Which of its sites is the first follows the verdicts, and those the pauses of a busy machine.
      const row = page.locator("tr.site", { hasText: "Exporter.open_part" });
      assert.match(await row.textContent(), /120.*Exporter\.open_part exporter\.py:\d+/);
      assert.match(await page.locator(".headline").textContent(), /exporter\.py:\d+\) (leaks: \d+ \w+ are still open|left \d+ \w+ open)/);
    });
  },

  async "knows every field of the report, and no other"() {
    const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
    const fields = (text, message, field) =>
      Object.fromEntries([...text.matchAll(message)].map(([, name, body]) => [name, [...body.matchAll(field)].map((each) => each[1])]));
    const proto = fields(read("../proto/report.proto"), /^message (\w+) \{\n(.*?)^\}/gms, /^  (?:repeated )?[\w.]+ (\w+) = \d+;/gm);
    const types = fields(read("../viewer/page/src/report.ts"), /^export interface (\w+) \{\n(.*?)^\}/gms, /^  (\w+)\?:/gm);
    assert.ok(proto.Report.length > 10, "report.proto was not understood");
    for (const each of [proto, types]) for (const list of Object.values(each)) list.sort();
    assert.deepEqual(types, proto);
  },

  async "shows of a wrong close what happened, its three places, its threads and what to do"() {
    const bad_closes = [
      {
        kind: "REUSED", fd: 5, count: 3, pid: 8, call: "close", previous_call: "close", open_call: "open", thread: "owner (8)", previous_thread: "thief (9)",
        stack: [frame("finish", "/src/app.c", 7, { own: true })], previously_closed_at: [frame("stop", "/src/app.c", 5, { own: true })],
        originally_opened_at: [frame("start", "/src/app.c", 2, { own: true })], advice: "set the variable to -1 after closing",
      },
      { kind: "NEVER_OPENED", fd: 900, count: 1, pid: 7, call: "read", stack: [frame("guess", "/src/app.c", 9, { own: true })] },
    ];
    await browser.open(browser.make(report({ bad_closes })), async (page) => {
      const rows = page.locator("section#closes tbody tr");
      assert.match(await rows.nth(0).textContent(), /^3closed by another.*fd 5 of pid 8.*set the variable to -1.*finish.*app\.c:7, in thread owner \(8\).*stop.*, in thread thief \(9\).*start.*app\.c:2/);
      assert.match(await rows.nth(1).textContent(), /^1never opened.*fd 900 of pid 7.*guess.*\(read\).*––$/);
    });
  },

  async "searches the sites by function, file and path"() {
    await browser.open(browser.make(report()), async (page) => {
      const search = page.getByLabel("Search").first();
      for (const [text, found] of [["ACCEPT", ["accept_client"]], ["log.c", ["open_log"]], ["/data/load", ["load_config"]], ["nowhere", []]]) {
        await search.fill(text);
        assert.deepEqual(await names(page), found, text);
      }
      await page.getByRole("button", { name: "Show all" }).first().click();
      assert.equal((await names(page)).length, 3);
    });
  },

  async "sorts by every column, by mouse and by keyboard"() {
    await browser.open(browser.make(report()), async (page) => {
      const heading = page.getByRole("button", { name: "Still open" });
      await heading.click();
      assert.deepEqual(await names(page), ["load_config", "accept_client", "open_log"]);
      await heading.press("Enter");
      assert.deepEqual(await names(page), ["open_log", "accept_client", "load_config"]);
      assert.equal(await page.locator("th.still_open").getAttribute("aria-sort"), "descending");
      await page.getByRole("button", { name: "Opened by" }).press("Space");
      assert.deepEqual(await names(page), ["accept_client", "load_config", "open_log"]);
    });
  },

  async "filters by verdict, resource, process and module, and says what is left"() {
    await browser.open(browser.make(report()), async (page) => {
      for (const [label, value, found] of [
        ["Verdict", "SINGLE", ["open_log"]], ["Resource", "socket", ["accept_client"]], ["Process", "8", ["accept_client"]],
        ["Module", "/usr/lib/liblog.so", ["open_log"]],
      ]) {
        const choice = page.getByLabel(label, { exact: true });
        await choice.selectOption(value);
        assert.deepEqual(await names(page), found, label);
        assert.match(await page.locator(".filters output").textContent(), /^1 site with \d+ descriptors?$/);
        await choice.selectOption("");
      }
    });
  },

  async "opens a row by keyboard and by mouse to its stack, its closers and its descriptors"() {
    const closed = { usually_closed_at: [{ count: 22, call: "close", stack: [frame("finish", "/src/end.c", 3, { own: true })] }], closed: 22, opened: 47 };
    const file = browser.make(report({ leaks: [site("load_config", 25, { ...closed, advice: "close it in a with block" })] }));
    await browser.open(file, async (page) => {
      const opener = page.locator(".opener");
      await opener.press("Enter");
      assert.equal(await opener.getAttribute("aria-expanded"), "true");
      const details = await page.locator("tr.details").textContent();
      for (const text of ["/src/server.c:10", "/src/main.c:99", "finish", "22 times", "/data/load_config", "close it in a with block"]) {
        assert.ok(details.includes(text), text);
      }
      await page.locator("tr.site td.still_open").click();
      assert.equal(await page.locator("tr.details").count(), 0);
    });
  },

  async "opens the row that a link names, beyond the first hundred"() {
    const leaks = Array.from({ length: 450 }, (_, i) => site(`function_${i + 1}`, 1));
    await browser.open(browser.make(report({ leaks })), async (page) => {
      assert.equal(await page.locator("tr.details").count(), 1);
      assert.ok((await page.locator("tr.details").textContent()).includes("/data/function_321"));
      assert.ok(await page.locator("#leak-321").evaluate((row) => row.getBoundingClientRect().top < innerHeight));
      await page.locator("#leak-5 .rank a").click();
      assert.equal(new URL(page.url()).hash, "#leak-5");
      await page.locator('#leak-5 .opener[aria-expanded="true"]').waitFor();
    }, { hash: "#leak-321" });
  },

  async "tells what fails the run, and what the rules let pass and why"() {
    const findings = [
      { kind: "leak", count: 2, suppressed: 2, suppression: "leak:known" },
      { kind: "leak", row: 1, count: 3, allowed: 2, left: 1, fails: true, baseline: "GROWN" },
    ];
    const suppressions = [{ line: "leak:known", source: "ci.supp:3", count: 2, rows: 1 }, { line: "leak:gone", source: "ci.supp:4" }];
    const rules = { error_exitcode: 23, baseline: "base.json" };
    await browser.open(browser.make(report({ leaks: [site("known", 2), site("fresh", 3)], findings, suppressions, rules })), async (page) => {
      assert.match(await page.locator(".headline").textContent(), /^fresh/);
      assert.equal(await page.locator(".verdict-line").textContent(), "1 finding fails the run: exit status 23.");
      assert.deepEqual(await page.locator("tr.site .verdict").allTextContents(), ["HELD let pass", "HELD"]);
      const text = await page.locator("#rules").textContent();
      for (const part of ["base.json allowed 2; 0 findings are new, 1 grown", "leak:known", "ci.supp:3", "nothing"]) {
        assert.ok(text.includes(part), `${part}: ${text}`);
      }
      await page.locator(".opener").nth(1).click();
      assert.match(await page.locator("tr.details").textContent(), /Of these 2 allowed by the baseline\./);
    });
    await browser.open(browser.make(report({ leaks: [site("known", 2)], pinned_sites: [], findings: [findings[0]] })), async (page) => {
      assert.match(await page.locator(".headline.good").textContent(), /suppressed/);
    });
  },

  async "tells why calls failed, what there was of the file system, and leads to the leak that is to blame"() {
    const leaks = report().leaks;
    const failures = [
      {
        error: "EMFILE", call: "open", path: "/etc/hosts", count: 6, first_ns: "1000000000", pid: 7, cause: "PROCESS_LIMIT",
        explanation: "All 64 descriptors that this process may have are open", open_count: 64, open_unknown: 3, limit: "64", hard_limit: "4096",
        stack: leaks[1].stack, blamed: [{ count: 36, call: "open", stack: leaks[0].stack }, { count: 25, call: "fopen", stack: leaks[0].stack }],
      },
      {
        error: "ENOSPC", call: "write", count: 1, cause: "BLOCKS", explanation: "/tmp is full", stack: leaks[2].stack,
        filesystem: { mount: "/tmp", type: "tmpfs", block_bytes: "4096", blocks_total: "1024", blocks_free: "0", inodes_total: "40", inodes_free: "3", pinned_bytes: "3145728", pinned_files: 3 },
        blamed: [{ count: 3, bytes: "3145728", call: "open", stack: leaks[2].stack }],
      },
    ];
    await browser.open(browser.make(report({ failures, leaks })), async (page) => {
      assert.equal(await page.locator(".headline").textContent(), "All 64 descriptors that this process may have are open.");
      const [descriptors, space] = await page.locator("#failures article").allTextContents();
      for (const part of ["EMFILE from open /etc/hosts", "are open.6 times, first after 1 s in pid 7.", "the limit of the process",
        "64 descriptors, 3 of them by no call that was seen", "64, hard limit 4,096", "36 descriptors", "25 descriptors"]) {
        assert.ok(descriptors.includes(part), `${part}: ${descriptors}`);
      }
      for (const part of ["no blocks left", "/tmp (tmpfs)", "0 B of 4 MiB free", "3 of 40 free", "3 MiB in 3 files without a name", "3 MiB in 3 filesopen_log"]) {
        assert.ok(space.includes(part), `${part}: ${space}`);
      }
      const links = page.locator("#failures a");
      assert.deepEqual(await links.allTextContents(), ["leak 1", "leak 3"]);
      await links.first().click();
      await page.locator('#leak-1 .opener[aria-expanded="true"]').waitFor();
    });
  },

  async "names the tests that left descriptors open, counts the others, and leads to the leaks"() {
    const tests = [
      { name: "Parser.Reads<Config>", opened: 1200, still_open: 25, leaks: [0] },
      { name: "Server.Accepts", opened: 13, still_open: 13, leaks: [1, 2] },
      { name: "Parser.Closes", opened: 4 }, { name: "Server.Idles" },
    ];
    const leaks = report().leaks;
    leaks[0].descriptors[0].test = "Parser.Reads<Config>";
    await browser.open(browser.make(report({ tests, leaks })), async (page) => {
      const section = page.locator("#tests");
      assert.match(await section.locator("h2").textContent(), /^Tests 2 of 4 left descriptors open$/);
      const rows = await section.locator("tbody tr").allTextContents();
      assert.equal(rows.length, 2);
      assert.match(rows[0], /^Parser\.Reads<Config>251,200load_config server\.c:10$/);
      assert.match(rows[1], /^Server\.Accepts1313accept_client server\.c:10open_log log\.c:5$/);
      assert.match(await section.textContent(), /2 tests left nothing open\./);
      assert.ok(!(await section.textContent()).includes("Server.Idles"));
      await section.getByRole("link", { name: "load_config" }).click();
      const details = page.locator("tr.details");
      await details.waitFor();
      assert.deepEqual((await details.locator("th").allTextContents()).slice(-1), ["Test"]);
      assert.match(await details.locator("table.descriptors tbody").textContent(), /Parser\.Reads<Config>$/);
    });
    await browser.open(browser.make(report()), async (page) => {
      assert.equal(await page.locator("#tests").count(), 0);
      await page.locator(".opener").first().click();
      assert.equal(await page.locator("tr.details").getByText("Test", { exact: true }).count(), 0);
    });
    await browser.open(browser.make(report({ tests: [{ name: "Server.Idles" }] })), async (page) => {
      assert.equal(await page.locator("#tests table").count(), 0);
      assert.match(await page.locator("#tests").textContent(), /0 of 1 left descriptors open1 test left nothing open\./);
    });
  },

  async "copies the stack and the suppression"() {
    const file = browser.make(report({ leaks: [site("load_config", 2)], findings: [{ kind: "leak", suppression: "leak:load_config" }] }));
    await browser.open(file, async (page) => {
      await page.locator(".opener").click();
      for (const [what, text] of [["stack", "/src/server.c:10  load_config\n/src/main.c:99  main"], ["suppression", "leak:load_config"]]) {
        await page.getByRole("button", { name: `Copy ${what}` }).click();
        await page.locator("button.copy", { hasText: `Copy ${what} (copied)` }).waitFor();
        assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
      }
    }, { permissions: ["clipboard-read", "clipboard-write"] });
  },

  async "zooms the flame graph by mouse and by keyboard, and searches it"() {
    await browser.open(browser.make(report()), async (page) => {
      const frames = page.locator(".flames g.frame");
      const all = await frames.count();
      assert.equal(await page.getByRole("button", { name: /^accept_client server\.c:10: 12 descriptors/ }).count(), 1);
      await page.locator(".flames g.frame", { hasText: "accept_client" }).click();
      assert.match(await page.locator(".flame-details").textContent(), /accept_client/);
      assert.ok(!(await page.locator(".flames g.frame").allTextContents()).some((text) => text.includes("open_log")));
      await page.getByRole("button", { name: "Show all" }).click();
      await page.waitForFunction((count) => document.querySelectorAll(".flames g.frame").length === count, all);

      await frames.first().focus();
      await page.keyboard.press("ArrowDown");
      assert.match(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), /^main main\.c:99: 37 /);
      await page.keyboard.press("Enter");
      await page.getByText("zoomed to main main.c:99").waitFor();

      await page.locator(".flames input").fill("load_config");
      const fills = await page.locator('.flames g.frame[name^="load_config"] rect').evaluateAll((all) => all.map((each) => each.getAttribute("fill")));
      assert.deepEqual(fills, ["#e9a6ff"]);
    });
  },

  async "zooms the curve by keyboard"() {
    await browser.open(browser.make(report()), async (page) => {
      const curve = page.getByRole("img", { name: /^Open descriptors\. At most 38 at once/ });
      await curve.focus();
      const before = await curve.locator("canvas").screenshot();
      await page.keyboard.press("+");
      await page.waitForTimeout(200);
      assert.notDeepEqual(await curve.locator("canvas").screenshot(), before);
      await page.keyboard.press("0");
      await page.waitForTimeout(200);
      assert.deepEqual(await curve.locator("canvas").screenshot(), before);
    });
  },

  async "shows hostile names and runs none of them"() {
    const evil = `</script><script>alert(1)</script><img src=x onerror=alert(2)>"'&\\x1b[31m<b>`;
    const leaks = [site(evil, 3, { advice: evil, resource: evil, call: evil })];
    const file = browser.make(report({
      leaks, recording: { ...report().recording, command: [evil], notes: [evil] },
      leftovers: [{ pattern: evil, directory: evil, files: 2 }], pinned_files: [{ path: evil, bytes: "4096", mount: evil, remedies: [evil] }],
      processes: [{ pid: 7, executable: evil, command_line: [evil] }],
    }));
    await browser.open(file, async (page) => {
      assert.equal(await page.locator("h1").textContent(), evil);
      await page.locator(".opener").click();
      assert.ok((await page.locator("tr.details").textContent()).includes(evil));
      assert.equal(await page.locator("img, b").count(), 0);
      assert.equal(await page.locator("body > script").count(), 1);
    });
  },

  async "says pleasantly that a run was clean"() {
    await browser.open(browser.make(report({ leaks: [], processes: [] })), async (page) => {
      assert.equal(await page.locator(".headline.good").textContent(), "No leaks: every descriptor that the program opened was closed.");
      assert.equal(await page.locator("#leaks").count(), 0);
    });
  },

  async "says that a recording is not complete rather than that it is clean"() {
    const recording = { ...report().recording, complete: false };
    await browser.open(browser.make(report({ leaks: [], processes: [], recording })), async (page) => {
      assert.match(await page.locator(".headline.unsure").textContent(), /not complete/);
    });
  },

  async "stays usable with 10,000 sites and 100,000 descriptors"() {
    const leaks = Array.from({ length: 10000 }, (_, i) => site(`function_${i}`, 10, {
      stack: Array.from({ length: 20 }, (_, depth) => frame(`function_${depth === 0 ? i : `${i % 97}_${depth}`}`, `/src/file_${i % 311}.c`, depth + i % 50, { own: depth === 0 })),
      descriptors: Array.from({ length: 10 }, (_, k) => ({ pid: 7, fd: i * 10 + k, path: `/data/${i}/${k}`, opened_ns: String(i * 1e5) })),
    }));
    const file = browser.make(report({ leaks }));
    const empty = statSync(browser.make(report({ leaks: [] }))).size;
    assert.ok(empty < 3 * 1024 * 1024, `${empty} bytes without data`);
    await browser.open(file, async (page) => {
      const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
      assert.ok(paint < 1000, `first paint after ${paint} ms`);
      await page.getByLabel("Search").first().fill("function_9999");
      assert.deepEqual(await names(page), ["function_9999"]);
      await page.getByLabel("Search").first().fill("");
      const frames = await page.evaluate(scrollThrough, 60);
      const slow = frames.filter((ms) => ms > 100).length;
      assert.ok(slow <= frames.length / 10, `${slow} of ${frames.length} frames took more than 100 ms`);
      assert.ok((await page.locator("tr.site").count()) > 100, "no more rows came while scrolling");
    });
  },

  async "can be read in a narrow window without scrolling sideways"() {
    await browser.open(browser.make(report()), async (page) => {
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${wide} pixels too wide`);
    }, { viewport: { width: 380, height: 800 } });
  },

  async "shows the source lines around the frame, of which long ones widen nothing"() {
    const sources = [{ file: "/src/server.c", first_line: 7, lines: ["seven", "eight", "nine", `ten${" long".repeat(100)}`, "eleven"], changed: true }];
    await browser.open(browser.make(report({ sources })), async (page) => {
      await page.locator(".opener").first().click();
      assert.match(await page.locator(".source code.here").textContent(), /^10ten long/);
      assert.equal(await page.locator(".source code").count(), 5);
      assert.match(await page.locator(".source .hint").textContent(), /has changed since/);
      assert.ok(await page.locator("#leaks .scroll").evaluate((table) => table.scrollWidth <= table.clientWidth), "the table scrolls sideways");
    });
  },

  async "has contrast enough in light and dark"() {
    for (const colorScheme of ["light", "dark"]) {
      await browser.open(browser.make(report()), async (page) => {
        await page.locator(".opener").first().click();
        const weak = await page.evaluate(weakContrasts);
        assert.deepEqual(weak, [], colorScheme);
      }, { colorScheme });
    }
  },
};

// In the page: scrolls down step by step; how long each frame took, in milliseconds.
async function scrollThrough(steps) {
  const times = [];
  let last = performance.now();
  for (let i = 0; i < steps; ++i) {
    scrollBy({ top: 300, behavior: "instant" });
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    times.push(now - last);
    last = now;
  }
  return times;
}

// In the page: texts whose contrast with their ground is below 4.5, as WCAG 2.1 (1.4.3) computes it.
function weakContrasts() {
  const parse = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const groundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const weak = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest("script, noscript, svg, :disabled")) continue;
    const [a, b] = [luminance(parse(getComputedStyle(element).color)), luminance(groundOf(element))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) weak.add(`${element.className || element.tagName} ${walker.currentNode.data.trim().slice(0, 30)}: ${contrast.toFixed(2)}`);
  }
  return [...weak];
}

const selected = Object.entries(tests).filter(([name]) => chosen.length === 0 || chosen.some((text) => name.includes(text)));
console.log(`1..${selected.length}`);
let failed = 0;
try {
  await browser.start();
  for (const [i, [name, test]] of selected.entries()) {
    try {
      await test();
      console.log(`ok ${i + 1} - ${name}`);
    } catch (error) {
      ++failed;
      console.log(`not ok ${i + 1} - ${name}`);
      console.log(String(error.stack ?? error).replace(/^/gm, "# "));
    }
  }
} finally {
  await browser.stop();
}
process.exit(failed ? 1 : 0);
