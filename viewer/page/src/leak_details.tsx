// What is known of a leak site: its stack, where its siblings are closed, its descriptors, its curve.
import { findingOf, notLeft } from "./findings";
import { SmallCurve } from "./small_curve";
import { useShown } from "./more";
import type { Descriptor, LeakSite, Report } from "./report";
import { Copy, CopyStack, Folded, Stack } from "./stack";
import { bytes, counted, duration, moment, number, thousands } from "./units";

const kStep = 20;

function Descriptors({ descriptors, report }: { descriptors: Descriptor[]; report: Report }) {
  const shown = useShown(descriptors.length, kStep);
  const several = (report.processes?.length ?? 0) > 1;
  const tests = descriptors.some((each) => each.test);
  const end = number(report.recording?.duration_ns);
  return (
    <>
      <table class="descriptors">
        <caption>Still open</caption>
        <thead>
          <tr>
            <th scope="col">fd</th>
            {several && <th scope="col">pid</th>}
            <th scope="col">What it is open on</th>
            <th scope="col">Opened</th>
            <th scope="col">Thread</th>
            {tests && <th scope="col">Test</th>}
          </tr>
        </thead>
        <tbody>
          {descriptors.slice(0, shown.count).map((each) => (
            <tr>
              <td>{each.fd ?? 0}</td>
              {several && <td>{each.pid}</td>}
              <td>
                <bdi class="path">{each.path}</bdi>
              </td>
              <td>{end ? `${duration(end - number(each.opened_ns))} before the end` : moment(each.opened_ns)}</td>
              <td>
                <bdi>{each.thread}</bdi>
              </td>
              {tests && (
                <td>
                  <bdi>{each.test}</bdi>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {descriptors.length > shown.count && (
        <button type="button" class="more" onClick={() => shown.atLeast(shown.count + 10 * kStep)}>
          Show more of {thousands(descriptors.length - shown.count)} descriptors
        </button>
      )}
    </>
  );
}

export function LeakDetails({ leak, report }: { leak: LeakSite; report: Report }) {
  const finding = findingOf(report, "leak", report.leaks?.indexOf(leak) ?? 0);
  const closedAt = (leak.usually_closed_at ?? []).filter((place) => place.stack?.length);
  return (
    <div class="site-details">
      {leak.advice && <p class="advice"><strong>What to do:</strong> {leak.advice}</p>}
      <p>
        {counted(leak.opened, "descriptor")} opened by <code>{leak.call}</code>, {thousands(leak.closed)} closed,{" "}
        {thousands(leak.still_open)} still open; at most {thousands(leak.peak_open)} at once.
        {number(leak.pinned_bytes) > 0 && <> They hold {bytes(leak.pinned_bytes)} in files without a name.</>}
        {notLeft(finding) && <> Of these {notLeft(finding)}.</>}
      </p>
      <div class="buttons">
        <CopyStack frames={leak.stack} />
        {finding?.suppression && <Copy text={finding.suppression} what="suppression" />}
      </div>
      <h3>Opened at</h3>
      <Stack frames={leak.stack} />
      {!!leak.first_opened_at?.length && (
        <>
          <h3>First opened at, and received over a socket</h3>
          {leak.first_opened_at.map((place) => (
            <Folded frames={place.stack} call={place.call} note={` (${counted(place.count, "time")})`} />
          ))}
        </>
      )}
      {closedAt.length > 0 && (
        <>
          <h3>Its siblings are closed at</h3>
          {closedAt.map((place) => (
            <Folded
              frames={place.stack}
              call={place.call}
              note={` (${counted(place.count, "time")}${place.collected ? ", when its object was freed" : ""})`}
            />
          ))}
        </>
      )}
      <SmallCurve leak={leak} />
      {!!leak.descriptors?.length && <Descriptors descriptors={leak.descriptors} report={report} />}
    </div>
  );
}
