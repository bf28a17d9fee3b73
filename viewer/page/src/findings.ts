// What the rules of the run say of the report's rows.
import type { Finding, Report } from "./report";
import { counted, thousands } from "./units";

type Kind = NonNullable<Finding["kind"]>;

const kByRow = new WeakMap<Report, Map<string, Finding>>();

export function findingOf(report: Report, kind: Kind, row: number): Finding | undefined {
  let byRow = kByRow.get(report);
  if (!byRow) {
    byRow = new Map((report.findings ?? []).map((each) => [`${each.kind} ${each.row ?? 0}`, each]));
    kByRow.set(report, byRow);
  }
  return byRow.get(`${kind} ${row}`);
}

// Nothing of it is left: suppressed, too young, or allowed by the baseline.
export function isLetPass(finding: Finding | undefined): boolean {
  return !!finding?.count && !finding.left;
}

// "2 suppressed, 3 allowed by the baseline"; empty where everything is left.
export function notLeft(finding: Finding | undefined): string {
  const parts: [number | undefined, string][] = [
    [finding?.suppressed, "suppressed"],
    [finding?.allowed, "allowed by the baseline"],
    [finding?.too_young, "too young"],
  ];
  return parts.filter(([count]) => count).map(([count, what]) => `${thousands(count)} ${what}`).join(", ");
}

// Whether the run fails; empty where findings change no exit status.
export function verdict(report: Report): string {
  const exitcode = report.rules?.error_exitcode;
  if (!exitcode) return "";
  const failing = (report.findings ?? []).filter((finding) => finding.fails).length;
  if (!failing) return report.recording?.complete ? "No finding fails the run." : "No finding fails the run, but the recording is not complete.";
  const status = report.recording?.exit_status;
  if (status) return `${counted(failing, "finding")} would fail the run, which failed by itself: exit status ${status}.`;
  return `${counted(failing, "finding")} ${failing === 1 ? "fails" : "fail"} the run: exit status ${exitcode}.`;
}
