// Which tests left descriptors open, with the way to the leaks. Those that left none are counted.
import { siteName } from "./frames";
import type { Report, Test } from "./report";
import { Name } from "./stack";
import { Table } from "./table";
import { counted, thousands } from "./units";

const kLinks = 3; // more places of one test than these are counted

function Where({ test, report }: { test: Test; report: Report }) {
  const rows = test.leaks ?? [];
  return (
    <>
      {rows.slice(0, kLinks).map((row) => {
        const leak = report.leaks?.[row];
        return (
          <div>
            <a href={`#leak-${row + 1}`}>
              <Name {...siteName(leak?.stack, leak?.call)} />
            </a>
          </div>
        );
      })}
      {rows.length > kLinks && <div class="hint">and {counted(rows.length - kLinks, "more place")}</div>}
    </>
  );
}

export function TestTable({ report }: { report: Report }) {
  const tests = report.tests ?? [];
  const leaking = tests.filter((test) => test.still_open);
  const clean = tests.length - leaking.length;
  return (
    <>
      {clean > 0 && <p class="hint">{counted(clean, "test")} left nothing open.</p>}
      {leaking.length > 0 && (
        <Table
          columns={["Test", "#Still open", "#Opened", "Where"]}
          items={leaking}
          what="tests"
          row={(test) => (
            <tr>
              <td>
                <bdi>{test.name}</bdi>
              </td>
              <td class="number">{thousands(test.still_open)}</td>
              <td class="number">{thousands(test.opened)}</td>
              <td>
                <Where test={test} report={report} />
              </td>
            </tr>
          )}
        />
      )}
    </>
  );
}
