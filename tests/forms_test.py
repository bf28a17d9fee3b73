#!/usr/bin/env python3
"""The forms of a report that CI systems read, of real recordings and of a large one, read by parsers that are not ours.

Usage: forms_test.py FDTRACE RENDER_FORM [NAME…]. Prints TAP; each function whose name begins with `test_` is one
point, run in an empty directory of its own.
"""

import json
import os
import pathlib
import re
import shutil
import sys
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "cli"))
sys.dont_write_bytecode = True
from tap import CLEAN, FDTRACE, Skipped, contains, equal, main, run

RENDER_FORM = os.path.abspath(sys.argv[2])
PACKAGES = ROOT / "viewer/page/node_modules"
SOURCE = "src/load_config.c"
CLEAN.pop("GITHUB_STEP_SUMMARY", None)


def leaking_line():
    """The number of the line that load_config leaks by."""
    lines = pathlib.Path(SOURCE).read_text().splitlines()
    return 1 + next(number for number, line in enumerate(lines) if 'open("/etc/passwd"' in line)


def recorded(form, name, **environment):
    """The FORM of a recording of load_config, from a project that has it in src/ and is built in build/ with relative names."""
    if not os.path.exists(SOURCE):
        os.makedirs("src")
        os.makedirs("build")
        shutil.copy(ROOT / "tests/programs/load_config.c", SOURCE)
        equal(run("cc", "-O1", "-g", "-Wno-unused-result", f"../{SOURCE}", "-o", "load_config", cwd="build").stderr, "")
    done = run(FDTRACE, "-q", "-o", "t.fdt", "-r", f"{form}:{name}", "--", "build/load_config", env=CLEAN | environment)
    equal((done.returncode, done.stderr), (3, ""))
    return pathlib.Path(name).read_text()


def results(text):
    """Those of a SARIF log, and what else its run has."""
    run_of_it = json.loads(text)["runs"][0]
    return run_of_it["results"], run_of_it


def many_sites(count):
    """A report of COUNT leaks, each opened on a line of its own and below twelve functions."""
    def frame(function, line):
        return {"function": function, "file": "/src/server/load.c", "line": line, "module": "/usr/bin/server"}

    deep = [frame(f"walk_{depth}", 10 + depth) for depth in range(12)]
    return json.dumps({
        "recording": {"command": ["server"], "duration_ns": "2000000000", "complete": True, "started_at": "2026-01-02T03:04:05.000Z"},
        "leaks": [{"verdict": "HELD", "resource": "file", "call": "open", "opened": 3, "still_open": 2,
                   "stack": [frame(f"load_{site}", site + 1), *deep]} for site in range(count)],
    })


def rendered(form, report):
    done = run(RENDER_FORM, form, "/src/server", input=report, stdin=None)
    equal((done.returncode, done.stderr), (0, ""))
    return done.stdout


def test_sarif_has_the_line_that_leaks_and_the_way_to_it():
    found, whole = results(recorded("sarif", "out.sarif"))
    result = next(each for each in found if "load_config" in each["message"]["text"])
    place = result["locations"][0]["physicalLocation"]
    equal(place, {"artifactLocation": {"uri": SOURCE, "uriBaseId": "SRCROOT"}, "region": {"startLine": leaking_line()}})
    equal(whole["originalUriBaseIds"]["SRCROOT"]["uri"], f"{pathlib.Path.cwd().as_uri()}/")
    way = [step["location"]["logicalLocations"][0]["name"] for step in result["codeFlows"][0]["threadFlows"][0]["locations"]]
    equal(way.index("main") < way.index("load_config"), True, way)
    equal(whole["invocations"][0]["exitCode"], 3)


def test_sarif_meets_its_types():
    compiler = PACKAGES / ".bin/tsc"
    if not compiler.exists() or not (PACKAGES / "@types/sarif").exists():
        raise Skipped("the npm packages are not installed: run scripts/setup")
    log = recorded("sarif", "out.sarif")

    def check(text):
        pathlib.Path("log.ts").write_text(f'import type {{ Log }} from "sarif";\nexport const log: Log = {text};\n')
        return run(compiler, "--noEmit", "--strict", "--ignoreConfig", "--skipLibCheck", "--moduleResolution", "bundler", "--module",
                   "esnext", "log.ts")

    os.symlink(PACKAGES, "node_modules")
    done = check(log)
    equal((done.stdout, done.returncode), ("", 0))
    # That the compiler would have seen it:
    contains(check(log.replace('"level":"warning"', '"level":"bad"', 1)).stdout, '"bad"')
    contains(check(log.replace('"ruleIndex"', '"ruleNumber"', 1)).stdout, "ruleNumber")


def test_junit_has_the_line_that_leaks():
    root = xml.etree.ElementTree.fromstring(recorded("junit", "out.xml"))
    cases = root.findall("testsuite/testcase")
    equal(root.get("tests"), str(len(cases)))
    case = next(each for each in cases if each.get("name").startswith("load_config "))
    equal((case.get("classname"), case.get("name")), ("fdtrace.leak", f"load_config (load_config.c:{leaking_line()})"))


def test_github_marks_the_line_that_leaks_and_appends_a_summary():
    summary = pathlib.Path("summary.md").absolute()
    summary.write_text("what was there")
    text = recorded("github", "out.txt", GITHUB_STEP_SUMMARY=str(summary))
    line = next(each for each in text.splitlines() if "load_config" in each)
    contains(line, f" file={SOURCE},line={leaking_line()},title=")
    equal(summary.read_text().startswith("what was there\n### fdtrace: "), True, summary.read_text())
    contains(summary.read_text(), f"<code>{SOURCE}:{leaking_line()}</code>".replace("_", "\\_"))


def test_a_summary_that_cannot_be_written_is_told_and_leaves_the_status():
    done = run(FDTRACE, "-q", "-o", "t.fdt", "-r", "github:out.txt", "--", "sh", "-c", "exit 3",
               env=CLEAN | {"GITHUB_STEP_SUMMARY": "/no/such/summary"})
    equal(done.returncode, 3)
    contains(done.stderr, "fdtrace: cannot append the step's summary to /no/such/summary: No such file or directory")


def test_gitlab_has_the_line_that_leaks():
    issue = next(each for each in json.loads(recorded("gitlab", "out.json")) if "load_config" in each["description"])
    equal(issue["location"], {"path": SOURCE, "lines": {"begin": leaking_line()}})
    equal(sorted(issue), ["check_name", "description", "fingerprint", "location", "severity"])


def test_two_runs_have_the_same_fingerprints():
    seen = [sorted(issue["fingerprint"] for issue in json.loads(recorded("gitlab", name))) for name in ("one.json", "two.json")]
    equal(seen[0], seen[1])
    equal(len(set(seen[0])), len(seen[0]))


def test_a_run_without_leaks_is_one_line_of_markdown_and_a_test_that_passed():
    equal(run(FDTRACE, "-q", "-o", "t.fdt", "-r", "out.md", "-r", "junit:out.xml", "--", "/bin/true").returncode, 0)
    text = pathlib.Path("out.md").read_text()
    equal(re.fullmatch(r"fdtrace: /bin/true ended with status 0 after .*: nothing found\n", text) is not None, True, text)
    root = xml.etree.ElementTree.parse("out.xml").getroot()
    equal((root.get("tests"), root.get("failures"), root.get("skipped")), ("1", "0", "0"))


def test_a_recording_is_shown_again_in_every_form():
    recorded("text", "out.txt")
    for form, beginning in {"sarif": '{"$schema"', "junit": "<?xml", "github": "::error ", "gitlab": "[\n{", "markdown": "### fdtrace"}.items():
        done = run(FDTRACE, "report", "t.fdt", "--format", form)
        equal((done.stdout[:len(beginning)], done.returncode), (beginning, 0), done.stderr)


def test_ten_thousand_findings_are_all_there():
    report = many_sites(10000)
    equal(len(results(rendered("sarif", report))[0]), 10000)
    equal(len(json.loads(rendered("gitlab", report))), 10000)
    root = xml.etree.ElementTree.fromstring(rendered("junit", report))
    equal((root.get("failures"), len(root.findall("testsuite/testcase/failure"))), ("10000", 10000))
    lines = rendered("github", report).splitlines()
    equal((len(lines), lines[-1]), (9, "::notice::fdtrace: 9,992 more findings that fail the run"))
    equal(len(rendered("summary", report)) < 1000 * 1024, True)


main(globals(), sys.argv[3:])
