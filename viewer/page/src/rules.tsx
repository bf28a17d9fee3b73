// How the findings were judged: the verdict, what was suppressed by which line, what the baseline allowed.
import { verdict } from "./findings";
import type { Report } from "./report";
import { Table } from "./table";
import { counted, thousands } from "./units";

export function hasRules(report: Report): boolean {
  return !!report.rules?.error_exitcode || !!report.rules?.baseline || !!report.suppressions?.length;
}

export function RulesPart({ report }: { report: Report }) {
  const sum = (of: (finding: NonNullable<Report["findings"]>[number]) => number) =>
    (report.findings ?? []).reduce((all, finding) => all + of(finding), 0);
  const fresh = sum((finding) => (finding.baseline === "NEW" && finding.left ? 1 : 0));
  const grown = sum((finding) => (finding.baseline === "GROWN" && finding.left ? 1 : 0));
  return (
    <>
      {verdict(report) && <p>{verdict(report)}</p>}
      {report.rules?.baseline && (
        <p>
          The baseline <bdi class="path">{report.rules.baseline}</bdi> allowed {thousands(sum((finding) => finding.allowed ?? 0))};{" "}
          {counted(fresh, "finding")} {fresh === 1 ? "is" : "are"} new, {thousands(grown)} grown.
        </p>
      )}
      {!!report.suppressions?.length && (
        <Table
          columns={["#Suppressed", "#Rows", "By", "From"]}
          items={report.suppressions}
          what="suppressions"
          row={(each) => (
            <tr>
              <td class="number">{each.count ? thousands(each.count) : "nothing"}</td>
              <td class="number">{thousands(each.rows)}</td>
              <td><code>{each.line}</code></td>
              <td>
                {each.source}
                {each.reason && `: ${each.reason}`}
              </td>
            </tr>
          )}
        />
      )}
    </>
  );
}
