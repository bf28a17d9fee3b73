// Failed calls, wrong closes, what the garbage collector closed, what programs received.
import type { BadClose, Collected, Failure, Inherited, Report } from "./report";
import { Folded, Stack } from "./stack";
import { baseName } from "./frames";
import { Table } from "./table";
import { bytes, counted, moment, number, thousands } from "./units";

export function FailureList({ failures }: { failures: Failure[] }) {
  return (
    <>
      {failures.map((failure) => (
        <article class="failure">
          <h3>
            {failure.error} from <code>{failure.call}</code> {failure.path && <bdi class="path">{failure.path}</bdi>}
          </h3>
          {failure.explanation && <p>{failure.explanation}</p>}
          <p>
            {counted(failure.count, "time")}, first {moment(failure.first_ns)}
            {!!failure.open_count && <>; {thousands(failure.open_count)} open</>}
            {number(failure.limit) > 0 && <>, limit {thousands(number(failure.limit))}</>}.
          </p>
          {failure.blamed?.map((blame) => (
            <Folded frames={blame.stack} note={number(blame.bytes) ? ` (${bytes(blame.bytes)})` : ` (${thousands(blame.count)})`} />
          ))}
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
