// A stack, innermost frame first, and buttons that copy.
import { useEffect, useState } from "preact/hooks";
import { fullPlace, siteName, stackText } from "./frames";
import type { Frame } from "./report";
import { SourceOf } from "./sources";

export function Copy({ text, what }: { text: string; what: string }) {
  const [said, say] = useState("");
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => say(""), 2000);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      say("copied");
    } catch {
      say(copyBySelection(text) ? "copied" : "could not copy");
    }
  };
  return (
    <button type="button" class="copy" onClick={copy}>
      Copy {what}
      <span role="status">{said && ` (${said})`}</span>
    </button>
  );
}

// A page opened from a file has no clipboard of its own in some browsers.
function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}

export function Stack({ frames, label }: { frames: Frame[] | undefined; label?: string }) {
  if (!frames?.length) return <p class="hint">No stack could be taken here.</p>;
  return (
    <ol class="stack" aria-label={label ?? "Stack, innermost call first"}>
      {frames.map((frame) => (
        <li class={frame.own ? "own" : ""}>
          <bdi class="function">{frame.function || "(unknown function)"}</bdi>{" "}
          <bdi class="place" title={frame.module}>
            {fullPlace(frame)}
          </bdi>
          {frame.inlined && <span class="hint"> inlined</span>}
          {frame.own && <SourceOf frame={frame} />}
        </li>
      ))}
    </ol>
  );
}

export function CopyStack({ frames }: { frames: Frame[] | undefined }) {
  return frames?.length ? <Copy text={stackText(frames)} what="stack" /> : null;
}

// A stack in one line that opens to all of it.
export function Folded({ frames, call, note }: { frames: Frame[] | undefined; call?: string; note?: string }) {
  const name = siteName(frames, call);
  if (!frames?.length) {
    return (
      <span class="hint">
        {call || "place not known"}
        {note}
      </span>
    );
  }
  return (
    <details class="folded">
      <summary>
        <Name function={name.function} place={name.place} />
        {note}
      </summary>
      <Stack frames={frames} />
    </details>
  );
}

export function Name(name: { function: string; place: string }) {
  return (
    <>
      <bdi class="function">{name.function}</bdi> <bdi class="place">{name.place}</bdi>
    </>
  );
}
