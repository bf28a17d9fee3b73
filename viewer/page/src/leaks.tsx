// The table of leak sites: sorted, searched, filtered; a row opens to what is known of the site.
import { useEffect, useMemo, useState } from "preact/hooks";
import { findingOf, isLetPass } from "./findings";
import { baseName, siteName } from "./frames";
import { LeakDetails } from "./leak_details";
import { More, useShown } from "./more";
import type { LeakSite, Report } from "./report";
import { Name } from "./stack";
import { counted, thousands } from "./units";

const kStep = 100;

interface Row {
  rank: number; // from 1, as the report orders them
  leak: LeakSite;
  function: string;
  place: string;
  text: string; // what a search looks through
}

type Column = "rank" | "verdict" | "still_open" | "opened" | "resource" | "place";
const kVerdicts = ["GROWING", "HELD", "SINGLE", "VERDICT_UNKNOWN"];

const kValue: Record<Column, (row: Row) => number | string> = {
  rank: (row) => row.rank,
  verdict: (row) => kVerdicts.indexOf(row.leak.verdict ?? "VERDICT_UNKNOWN"),
  still_open: (row) => -(row.leak.still_open ?? 0),
  opened: (row) => -(row.leak.opened ?? 0),
  resource: (row) => row.leak.resource ?? "",
  place: (row) => `${row.function} ${row.place}`,
};

function compare(a: number | string, b: number | string): number {
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}

function rowsOf(leaks: LeakSite[]): Row[] {
  return leaks.map((leak, i) => {
    const name = siteName(leak.stack, leak.call);
    const frames = (leak.stack ?? []).map((frame) => `${frame.function ?? ""} ${frame.file ?? ""}:${frame.line ?? ""}`);
    const paths = (leak.descriptors ?? []).slice(0, 100).map((descriptor) => descriptor.path ?? "");
    return { rank: i + 1, leak, ...name, text: [leak.call, leak.resource, ...frames, ...paths].join("\n").toLowerCase() };
  });
}

interface Filters {
  search: string;
  verdict: string;
  resource: string;
  process: string;
  module: string;
}
const kNoFilters: Filters = { search: "", verdict: "", resource: "", process: "", module: "" };

function passes(row: Row, filters: Filters): boolean {
  const { leak } = row;
  return (
    row.text.includes(filters.search.toLowerCase()) &&
    (!filters.verdict || leak.verdict === filters.verdict) &&
    (!filters.resource || leak.resource === filters.resource) &&
    (!filters.process || !!leak.descriptors?.some((descriptor) => String(descriptor.pid) === filters.process)) &&
    (!filters.module || !!leak.stack?.some((frame) => frame.module === filters.module))
  );
}

// Choices in the order of their names; none where there is but one.
function Choice(props: { label: string; value: string; choices: Map<string, string>; choose: (value: string) => void }) {
  if (props.choices.size < 2) return null;
  const sorted = [...props.choices].sort((a, b) => a[1].localeCompare(b[1], "en", { numeric: true }));
  return (
    <label>
      {props.label}
      <select aria-label={props.label} value={props.value} onChange={(event) => props.choose(event.currentTarget.value)}>
        <option value="">all</option>
        {sorted.map(([value, name]) => (
          <option value={value}>{name}</option>
        ))}
      </select>
    </label>
  );
}

function choicesOf(report: Report) {
  const verdict = new Map<string, string>();
  const resource = new Map<string, string>();
  const process = new Map<string, string>();
  const module = new Map<string, string>();
  const names = new Map((report.processes ?? []).map((each) => [each.pid ?? 0, baseName(each.executable ?? "")]));
  for (const leak of report.leaks ?? []) {
    if (leak.verdict) verdict.set(leak.verdict, leak.verdict.toLowerCase());
    if (leak.resource) resource.set(leak.resource, leak.resource);
    for (const { pid } of leak.descriptors ?? []) {
      if (pid !== undefined && !process.has(String(pid))) process.set(String(pid), `${names.get(pid) ?? ""} ${pid}`.trim());
    }
    for (const frame of leak.stack ?? []) {
      if (frame.module && !module.has(frame.module)) module.set(frame.module, baseName(frame.module));
    }
  }
  return { verdict, resource, process, module };
}

const kColumns: [Column, string][] = [
  ["rank", "#"],
  ["verdict", "Verdict"],
  ["still_open", "Still open"],
  ["opened", "Opened"],
  ["resource", "Resource"],
  ["place", "Opened by"],
];

export function LeakTable({ report }: { report: Report }) {
  const rows = useMemo(() => rowsOf(report.leaks ?? []), [report]);
  const choices = useMemo(() => choicesOf(report), [report]);
  const [filters, setFilters] = useState(kNoFilters);
  const [sort, setSort] = useState<{ column: Column; down: boolean }>({ column: "rank", down: false });
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const [target, setTarget] = useState(0);

  const visible = useMemo(() => {
    const kept = rows.filter((row) => passes(row, filters));
    const value = kValue[sort.column];
    kept.sort((a, b) => compare(value(a), value(b)) || a.rank - b.rank);
    return sort.down ? kept.reverse() : kept;
  }, [rows, filters, sort]);
  const shown = useShown(visible.length, kStep);

  // A link to a row: #leak-7.
  useEffect(() => {
    const follow = () => {
      const rank = Number(/^#leak-(\d+)$/.exec(location.hash)?.[1] ?? 0);
      if (rank < 1 || rank > rows.length) return;
      setFilters(kNoFilters);
      setSort({ column: "rank", down: false });
      setOpen((old) => new Set(old).add(rank));
      shown.atLeast(rank);
      setTarget(rank);
    };
    follow();
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, [rows]);
  useEffect(() => {
    if (!target) return;
    document.getElementById(`leak-${target}`)?.scrollIntoView({ block: "start", behavior: "instant" });
    setTarget(0);
  }, [target]);

  const set = (part: Partial<Filters>) => setFilters({ ...filters, ...part });
  const toggle = (rank: number) => {
    const next = new Set(open);
    if (!next.delete(rank)) next.add(rank);
    setOpen(next);
  };
  const left = visible.reduce((sum, row) => sum + (row.leak.still_open ?? 0), 0);
  return (
    <>
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <label class="search">
          Search
          <input
            type="search"
            placeholder="function, file, path"
            value={filters.search}
            onInput={(event) => set({ search: event.currentTarget.value })}
          />
        </label>
        <Choice label="Verdict" value={filters.verdict} choices={choices.verdict} choose={(verdict) => set({ verdict })} />
        <Choice label="Resource" value={filters.resource} choices={choices.resource} choose={(resource) => set({ resource })} />
        <Choice label="Process" value={filters.process} choices={choices.process} choose={(process) => set({ process })} />
        <Choice label="Module" value={filters.module} choices={choices.module} choose={(module) => set({ module })} />
        <output>
          {visible.length === rows.length ? "" : `${counted(visible.length, "site")} with ${counted(left, "descriptor")}`}
        </output>
      </form>
      <div class="scroll">
        <table class="leaks">
          <thead>
            <tr>
              {kColumns.map(([column, title]) => (
                <th scope="col" class={column === "place" ? "opened-by" : column} aria-sort={sort.column !== column ? undefined : sort.down ? "descending" : "ascending"}>
                  <button type="button" onClick={() => setSort({ column, down: sort.column === column && !sort.down })}>
                    {title}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {visible.slice(0, shown.count).map((row) => (
              <LeakRow key={row.rank} row={row} report={report} open={open.has(row.rank)} toggle={() => toggle(row.rank)} />
            ))}
          </tbody>
        </table>
      </div>
      {visible.length === 0 && <p class="hint">No site matches. <button type="button" onClick={() => setFilters(kNoFilters)}>Show all</button></p>}
      <More all={visible.length} shown={shown} step={kStep} what="sites" />
    </>
  );
}

function LeakRow({ row, report, open, toggle }: { row: Row; report: Report; open: boolean; toggle: () => void }) {
  const { leak, rank } = row;
  const verdict = leak.verdict ?? "VERDICT_UNKNOWN";
  // The whole row opens for the mouse; the button in it is what the keyboard and screen readers have.
  const click = (event: MouseEvent) => {
    if (!(event.target as Element).closest("a, button") && !getSelection()?.toString()) toggle();
  };
  return (
    <>
      <tr id={`leak-${rank}`} class={`site ${open ? "open" : ""}`} onClick={click}>
        <td class="rank">
          <a href={`#leak-${rank}`} aria-label={`Link to site ${rank}`}>{rank}</a>
        </td>
        <td class="verdict">
          <span class={`badge ${verdict.toLowerCase()}`}>{verdict === "VERDICT_UNKNOWN" ? "?" : verdict}</span>
          {isLetPass(findingOf(report, "leak", rank - 1)) && <span class="let-pass"> let pass</span>}
        </td>
        <td class="still_open">{thousands(leak.still_open)}</td>
        <td class="opened">{thousands(leak.opened)}</td>
        <td class="resource">{leak.resource}</td>
        <td class="opened-by">
          <button type="button" class="opener" aria-expanded={open} onClick={toggle}>
            <Name function={row.function} place={row.place} />
          </button>
        </td>
      </tr>
      {open && (
        <tr class="details">
          <td colSpan={kColumns.length}>
            <LeakDetails leak={leak} report={report} />
          </td>
        </tr>
      )}
    </>
  );
}
