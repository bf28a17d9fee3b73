// The report in one sentence: its worst finding.
import { findingOf, isLetPass } from "./findings";
import { siteName } from "./frames";
import type { Report } from "./report";
import { bytes, counted, number, thousands } from "./units";

export interface Headline {
  text: string;
  mood: "bad" | "good" | "unsure";
}

function at(name: { function: string; place: string }): string {
  return name.function === name.place || name.place === "" ? name.function : `${name.function} (${name.place})`;
}

function ofLeaks(report: Report): string | undefined {
  const worst = report.leaks?.find((_, row) => !isLetPass(findingOf(report, "leak", row)));
  if (!worst) return undefined;
  const name = at(siteName(worst.stack, worst.call));
  const resource = worst.resource ?? "descriptor";
  const all = worst.opened === worst.still_open;
  const open = all ? counted(worst.still_open, resource) : `${thousands(worst.still_open)} of ${counted(worst.opened, resource)}`;
  const verb = worst.still_open === 1 ? "is" : "are";
  if (worst.verdict === "GROWING") return `${name} leaks: ${open} ${verb} still open, and the number kept growing.`;
  return `${name} left ${open} open.`;
}

function ofPinned(report: Report): string | undefined {
  const worst = report.pinned_sites?.find((_, row) => !isLetPass(findingOf(report, "pinned", row)));
  if (!worst) return undefined;
  const files = counted(worst.files, "file");
  return `${at(siteName(worst.stack, worst.call))} holds ${bytes(worst.bytes)} in ${files} without a name.`;
}

// A leak of more than a few descriptors is why people come; a few beside gigabytes are not.
function pinnedIsWorse(report: Report): boolean {
  const kHeavy = 64 * 1024 * 1024;
  const pinned = number(report.pinned_sites?.[0]?.bytes);
  return pinned >= kHeavy && report.leaks?.[0]?.verdict !== "GROWING";
}

export function headline(report: Report): Headline {
  const failure = report.failures?.[0];
  if (failure?.explanation) return { text: `${failure.explanation}.`, mood: "bad" };
  const leaks = ofLeaks(report);
  const pinned = ofPinned(report);
  const text = (pinnedIsWorse(report) ? pinned : leaks) ?? leaks ?? pinned;
  if (text) return { text, mood: "bad" };
  const wrong = report.bad_closes?.length ?? 0;
  if (wrong > 0) return { text: `Descriptors were closed wrongly in ${counted(wrong, "place")}.`, mood: "bad" };
  if (report.leaks?.length || report.pinned_sites?.length) {
    return { text: "Nothing but what is suppressed, too young or allowed by the baseline.", mood: "good" };
  }
  const untraced = report.processes?.[0]?.untraced_reason;
  if (untraced) return { text: `The program could not be followed: ${untraced}.`, mood: "unsure" };
  if (!report.recording?.complete) return { text: "No leaks seen, but the recording is not complete.", mood: "unsure" };
  const seen = report.recording.corrections?.opened_unseen ? "was seen to open" : "opened";
  return { text: `No leaks: every descriptor that the program ${seen} was closed.`, mood: "good" };
}
