// Failed calls, wrong closes, what the garbage collector closed, what programs received.
import type { BadClose, Blame, Collected, Failure, Inherited, LeakSite, Report } from "./report";
import { Folded, Stack } from "./stack";
import { baseName } from "./frames";
import { Table } from "./table";
import { bytes, counted, moment, number, thousands } from "./units";

const kCauses: Record<string, string> = {
  BLOCKS: "no blocks left",
  INODES: "no inodes left",
  QUOTA: "a quota is used up",
  PROCESS_LIMIT: "the limit of the process",
  SYSTEM_LIMIT: "the limit of the system",
  INOTIFY_WATCHES: "the user's limit of inotify watches",
  INOTIFY_INSTANCES: "the user's limit of inotify instances",
  RESERVED_BLOCKS: "what is free is kept for root",
  FD_SET_SIZE: "an fd_set ends before the descriptor",
};

function Facts({ failure }: { failure: Failure }) {
  const facts: [string, string][] = [];
  const system = failure.filesystem;
  const size = (blocks: string | undefined) => bytes(number(blocks) * number(system?.block_bytes));
  if (kCauses[failure.cause ?? ""]) facts.push(["Cause", kCauses[failure.cause!]!]);
  if (failure.open_count) {
    const unknown = failure.open_unknown ? `, ${thousands(failure.open_unknown)} of them by no call that was seen` : "";
    facts.push(["Open then", counted(failure.open_count, "descriptor") + unknown]);
  }
  if (number(failure.limit)) {
    const hard = number(failure.hard_limit) > number(failure.limit) ? `, hard limit ${thousands(number(failure.hard_limit))}` : "";
    facts.push(["Limit", thousands(number(failure.limit)) + hard]);
  }
  if (system?.mount || system?.type) facts.push(["File system", [system.mount, system.type && `(${system.type})`].filter(Boolean).join(" ")]);
  if (number(system?.blocks_total)) {
    const kept = number(system!.blocks_reserved) ? `, ${size(system!.blocks_reserved)} of it kept back` : "";
    facts.push(["Space", `${size(system!.blocks_free)} of ${size(system!.blocks_total)} free${kept}`]);
  }
  if (number(system?.inodes_total)) facts.push(["Inodes", `${thousands(number(system!.inodes_free))} of ${thousands(number(system!.inodes_total))} free`]);
  if (number(system?.pinned_bytes)) facts.push(["Pinned", `${bytes(system!.pinned_bytes)} in ${counted(system!.pinned_files, "file")} without a name`]);
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd><bdi>{value}</bdi></dd>
        </>
      ))}
    </dl>
  );
}

// The same code's leak, where it is one.
function leakOf(blame: Blame, leaks: LeakSite[] | undefined): number {
  const stack = JSON.stringify(blame.stack ?? []);
  return (leaks ?? []).findIndex((leak) => leak.call === blame.call && JSON.stringify(leak.stack ?? []) === stack);
}

function BlameTable({ failure, leaks }: { failure: Failure; leaks: LeakSite[] | undefined }) {
  const noun = failure.filesystem ? "file" : "descriptor";
  const rows = failure.blamed ?? [];
  return (
    <Table
      columns={["#Has", failure.cause === "INODES" ? "Created by" : "Opened by"]}
      items={rows}
      what="places"
      row={(blame) => {
        const leak = leakOf(blame, leaks);
        return (
          <tr>
            <td class="number">{number(blame.bytes) ? `${bytes(blame.bytes)} in ${counted(blame.count, noun)}` : counted(blame.count, noun)}</td>
            <td>
              <Folded frames={blame.stack} call={blame.call} />
              {leak >= 0 && <a href={`#leak-${leak + 1}`}>leak {leak + 1}</a>}
            </td>
          </tr>
        );
      }}
    />
  );
}

export function FailureList({ failures, leaks }: { failures: Failure[]; leaks: LeakSite[] | undefined }) {
  return (
    <>
      {failures.map((failure) => (
        <article class="failure">
          <h3>
            {failure.error} from <code>{failure.call}</code> {failure.path && <bdi class="path">{failure.path}</bdi>}
          </h3>
          {failure.explanation && <p>{failure.explanation}.</p>}
          <p>
            {counted(failure.count, "time")}, first {moment(failure.first_ns)}
            {!!failure.pid && <> in pid {failure.pid}</>}.
          </p>
          <Facts failure={failure} />
          {!!failure.blamed?.length && <BlameTable failure={failure} leaks={leaks} />}
          <p class="hint">Failed at</p>
          <Stack frames={failure.stack} label="Stack of the failing call" />
        </article>
      ))}
    </>
  );
}

const kKinds = {
  BAD_CLOSE_UNKNOWN: "wrong close",
  DOUBLE_CLOSE: "closed twice",
  NEVER_OPENED: "never opened",
  STREAM_CLOSED_TWICE: "stream closed twice",
  CLOSED_BENEATH_STREAM: "closed beneath its stream",
  REUSED: "closed by another, who had closed that number before",
  USE_AFTER_CLOSE: "used though closed",
};

const by = (call: string | undefined) => (call && call !== "close" ? ` (${call})` : "");

// Where two threads had a part.
function inThread(close: BadClose, thread: string | undefined): string {
  return close.previous_thread && close.previous_thread !== close.thread ? `, in thread ${thread}` : "";
}

export function BadCloseTable({ report }: { report: Report }) {
  return (
    <Table
      columns={["#Times", "What", "Called by", "Closed before by", "Opened by"]}
      items={report.bad_closes ?? []}
      what="places"
      row={(close) => (
        <tr>
          <td class="number">{thousands(close.count)}</td>
          <td>
            {kKinds[close.kind ?? "BAD_CLOSE_UNKNOWN"]}, e.g. fd {close.fd ?? 0}
            {(report.processes?.length ?? 0) > 1 && <span class="hint"> of pid {close.pid}</span>}
            {close.advice && <p class="hint">Advice: {close.advice}.</p>}
          </td>
          <td><Folded frames={close.stack} call={close.call} note={by(close.call) + inThread(close, close.thread)} /></td>
          <td>
            {close.previous_call ? (
              <Folded frames={close.previously_closed_at} call={close.previous_call} note={inThread(close, close.previous_thread)} />
            ) : (
              "–"
            )}
          </td>
          <td>{close.open_call ? <Folded frames={close.originally_opened_at} call={close.open_call} /> : "–"}</td>
        </tr>
      )}
    />
  );
}

export function CollectedTable({ collected }: { collected: Collected[] }) {
  return (
    <>
      <p class="hint">Leaks that happen to be collected: nothing called close(); Python did when it freed the object.</p>
      <Table
        columns={["#Collected", "#Opened", "Resource", "Opened by", "Freed at"]}
        items={collected}
        what="places"
        row={(each) => (
          <tr>
            <td class="number">{thousands(each.count)}</td>
            <td class="number">{thousands(each.opened)}</td>
            <td>{each.resource}</td>
            <td><Folded frames={each.stack} call={each.call} /></td>
            <td>
              {each.closed_at?.slice(0, 3).map((place) => (
                <Folded frames={place.stack} call={place.call} note={` (${counted(place.count, "time")})`} />
              ))}
            </td>
          </tr>
        )}
      />
    </>
  );
}

export function InheritedTable({ inherited }: { inherited: Inherited[] }) {
  return (
    <>
      <p class="hint">
        Received by programs for want of CLOEXEC: open with O_CLOEXEC, SOCK_CLOEXEC or fopen's "e".
      </p>
      <Table
        columns={["#Descriptors", "Received by", "Numbers", "Opened by"]}
        items={inherited}
        what="places"
        row={(each) => (
          <tr>
            <td class="number">{thousands(each.count)}</td>
            <td>
              <bdi title={each.executable}>{baseName(each.executable ?? "")}</bdi> <span class="hint">pid {each.child_pid}</span>
            </td>
            <td>{(each.fds ?? []).slice(0, 8).join(", ")}{(each.fds?.length ?? 0) > 8 ? ", …" : ""}</td>
            <td>{each.from_caller ? "fdtrace's own caller" : <Folded frames={each.stack} call={each.call} />}</td>
          </tr>
        )}
      />
    </>
  );
}
