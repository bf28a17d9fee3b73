// The processes, each below its parent.
import { useMemo } from "preact/hooks";
import type { Process } from "./report";
import { Table } from "./table";
import { duration, moment, number, thousands } from "./units";

interface Row {
  process: Process;
  depth: number;
}

function append<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value) {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

// Parents before children. A pid may have been used twice: a child is one of the parent that lived when it began.
function rowsOf(processes: Process[]): Row[] {
  const children = new Map<Process | undefined, Process[]>();
  const byPid = new Map<number, Process[]>();
  for (const process of processes) append(byPid, process.pid ?? 0, process);
  const parentOf = (process: Process) => {
    const began = number(process.started_ns);
    return (byPid.get(process.parent_pid ?? 0) ?? []).find(
      (parent) => parent !== process && number(parent.started_ns) <= began && (!number(parent.ended_ns) || number(parent.ended_ns) >= began),
    );
  };
  for (const process of processes) append(children, parentOf(process), process);
  const rows: Row[] = [];
  const stack: Row[] = (children.get(undefined) ?? []).map((process) => ({ process, depth: 0 })).reverse();
  while (stack.length) {
    const row = stack.pop()!;
    rows.push(row);
    for (const child of (children.get(row.process) ?? []).reverse()) stack.push({ process: child, depth: row.depth + 1 });
  }
  return rows;
}

const kEnds = { END_UNKNOWN: "not known", ALIVE: "still running", EXITED: "", VANISHED: "killed", UNTRACED: "not followed" };

function lived(process: Process): string {
  const end = kEnds[process.end ?? "END_UNKNOWN"];
  const time = number(process.ended_ns) ? duration(number(process.ended_ns) - number(process.started_ns)) : `from ${moment(process.started_ns)}`;
  return end ? `${time}, ${end}` : time;
}

export function ProcessTree({ processes }: { processes: Process[] }) {
  const rows = useMemo(() => rowsOf(processes), [processes]);
  return (
    <Table
      kind="processes"
      columns={["Process", "#pid", "#Opened", "#Most open", "#Open at exit", "#Limit", "Lived"]}
      items={rows}
      what="processes"
      row={({ process, depth }) => (
        <tr>
          <td class={`command depth-${Math.min(depth, 12)}`}>
            <bdi>{process.command_line?.join(" ") || process.executable}</bdi>
            {process.untraced_reason && <span class="hint"> not followed: {process.untraced_reason}</span>}
          </td>
          <td class="number">{process.pid}</td>
          <td class="number">{thousands(process.opened)}</td>
          <td class="number">{thousands(process.peak_open)}</td>
          <td class="number">{thousands(process.open_at_exit)}</td>
          <td class="number">{number(process.nofile_soft) ? thousands(number(process.nofile_soft)) : "–"}</td>
          <td>{lived(process)}</td>
        </tr>
      )}
    />
  );
}
