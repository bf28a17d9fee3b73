// From top to bottom: what ran and how it ended, the worst finding, then each kind of finding that there is.
import type { ComponentChildren } from "preact";
import { OpenCurve, PinnedCurve } from "./curves";
import { LeftoverTable, PinnedTable, WriterTable } from "./files";
import { verdict } from "./findings";
import { Flames, flamesOfLeaks, flamesOfPinned } from "./flames";
import { headline } from "./headline";
import { LeakTable } from "./leaks";
import { BadCloseTable, CollectedTable, FailureList, InheritedTable } from "./others";
import { ProcessTree } from "./processes";
import { hasRules, RulesPart } from "./rules";
import type { Recording, Report } from "./report";
import { Sources } from "./sources";
import { TestTable } from "./tests";
import { bytes, counted, duration, number, thousands } from "./units";

function ended(recording: Recording): string {
  if (!number(recording.duration_ns)) return "how it ended, the trace does not tell";
  if (recording.session) return `recorded for ${duration(recording.duration_ns)}`;
  const after = `after ${duration(recording.duration_ns)}`;
  if (recording.signal) return `killed by signal ${recording.signal} ${after}`;
  return `ended with status ${recording.exit_status ?? 0} ${after}`;
}

function Heading({ report }: { report: Report }) {
  const recording = report.recording ?? {};
  const { text, mood } = headline(report);
  const command = recording.command?.join(" ") ?? "";
  document.title = `${command} · fdtrace`;
  const started = recording.started_at?.replace("T", " ").replace(/\.\d+Z$/, " UTC");
  return (
    <header>
      <h1>
        <bdi class="command">{command || "the program"}</bdi>
      </h1>
      <p class="run">
        {started && <>started {started}, </>}
        {ended(recording)} · {counted(recording.opened, "descriptor")} opened,{" "}
        {thousands(recording.still_open)} still open
        {(report.processes?.length ?? 0) > 1 && <> · {thousands(report.processes!.length)} processes</>}
      </p>
      <p class={`headline ${mood}`} role="status">
        {text}
      </p>
      {verdict(report) && <p class="verdict-line">{verdict(report)}</p>}
    </header>
  );
}

interface Part {
  id: string;
  title: string;
  count: string;
  body: ComponentChildren;
}

// The parts of which the report has something, worst kinds first.
function partsOf(report: Report): Part[] {
  const parts: Part[] = [];
  const add = (id: string, title: string, list: unknown[] | undefined, count: string, body: () => ComponentChildren) => {
    if (list?.length) parts.push({ id, title, count, body: body() });
  };
  const sum = <T,>(list: T[] | undefined, of: (item: T) => number) => (list ?? []).reduce((all, item) => all + of(item), 0);
  const { failures, leaks, pinned_files, leftovers, writers, bad_closes, collected, inherited, processes, tests } = report;
  add("failures", "Failed calls", failures, thousands(sum(failures, (f) => f.count ?? 0)), () => (
    <FailureList failures={failures!} leaks={leaks} />
  ));
  add("leaks", "Leaks", leaks, `${counted(report.recording?.still_open, "descriptor")} from ${counted(leaks?.length, "site")}`, () => (
    <LeakTable report={report} />
  ));
  add("tests", "Tests", tests, `${thousands(tests?.filter((test) => test.still_open).length)} of ${thousands(tests?.length)} left descriptors open`, () => (
    <TestTable report={report} />
  ));
  add("pinned", "Pinned by files without a name", pinned_files, `${bytes(sum(pinned_files, (f) => number(f.bytes)))} in ${counted(pinned_files?.length, "file")}`, () => (
    <PinnedTable files={pinned_files!} />
  ));
  add("leftovers", "Left behind", leftovers, `${counted(sum(leftovers, (l) => l.files ?? 0), "file")}, ${bytes(sum(leftovers, (l) => number(l.bytes)))}`, () => (
    <LeftoverTable leftovers={leftovers!} />
  ));
  add("closes", "Wrong closes", bad_closes, thousands(sum(bad_closes, (b) => b.count ?? 0)), () => <BadCloseTable report={report} />);
  add("collected", "Closed by the garbage collector", collected, counted(sum(collected, (c) => c.count ?? 0), "descriptor"), () => (
    <CollectedTable collected={collected!} />
  ));
  // What fdtrace's own caller passed on is no finding, and is shown beside those that are.
  const received = inherited?.some((each) => !each.from_caller) ? inherited : [];
  add("inherited", "Inherited", received, counted(sum(inherited, (i) => (i.from_caller ? 0 : (i.count ?? 0))), "descriptor"), () => <InheritedTable inherited={received} />);
  add("writers", "Writers", writers, bytes(sum(writers, (w) => number(w.bytes))), () => <WriterTable writers={writers!} />);
  add("time", "Over time", report.timeline, "", () => (
    <>
      <OpenCurve report={report} />
      <PinnedCurve report={report} />
    </>
  ));
  add("flames", "By stack", leaks?.length || report.pinned_sites?.length ? [1] : [], "", () => (
    <>
      {!!leaks?.length && <Flames title="Descriptors still open" tree={flamesOfLeaks(leaks)} show={(value) => counted(value, "descriptor")} />}
      {!!report.pinned_sites?.length && <Flames title="Pinned bytes" tree={flamesOfPinned(report.pinned_sites)} show={bytes} />}
    </>
  ));
  add("rules", "Rules", hasRules(report) ? [1] : [], "", () => <RulesPart report={report} />);
  add("processes", "Processes", processes, thousands(processes?.length), () => <ProcessTree processes={processes!} />);
  add("notes", "Notes", report.recording?.notes, thousands(report.recording?.notes?.length), () => (
    <ul class="notes">
      {report.recording!.notes!.map((note) => (
        <li>{note}.</li>
      ))}
    </ul>
  ));
  return parts;
}

export function Page({ report }: { report: Report }) {
  const parts = partsOf(report);
  return (
    <Sources.Provider value={report.sources ?? []}>
      <Heading report={report} />
      <nav aria-label="Parts of the report">
        <ul>
          {parts.map((part) => (
            <li>
              <a href={`#${part.id}`}>
                {part.title} {part.count && <span class="count">{part.count}</span>}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <main>
        {parts.map((part) => (
          <section id={part.id} aria-labelledby={`${part.id}-title`}>
            <h2 id={`${part.id}-title`}>
              {part.title} {part.count && <span class="count">{part.count}</span>}
            </h2>
            {part.body}
          </section>
        ))}
      </main>
      <footer>
        {thousands(number(report.recording?.events))} events
        {!!number(report.recording?.events_lost) && <>, {thousands(number(report.recording?.events_lost))} lost</>}
        {" · "}corrections: {thousands(report.recording?.corrections?.opened_unseen)} opened unseen,{" "}
        {thousands(report.recording?.corrections?.closed_unseen)} closed unseen
        {" · "}made by fdtrace
      </footer>
    </Sources.Provider>
  );
}
