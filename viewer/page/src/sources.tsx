// Source lines around a frame's, where the report brings them.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Frame, SourceLines } from "./report";

export const Sources = createContext<SourceLines[]>([]);

const kAround = 3;

export function SourceOf({ frame }: { frame: Frame }) {
  const line = frame.line ?? 0;
  const found = useContext(Sources).find((source) => {
    const first = source.first_line ?? 0;
    return source.file === frame.file && line >= first && line < first + (source.lines?.length ?? 0);
  });
  if (!found || !line) return null;
  const first = found.first_line ?? 0;
  const begin = Math.max(first, line - kAround);
  const shown = found.lines!.slice(begin - first, line + kAround + 1 - first);
  return (
    <div class="source">
      {found.changed && <p class="hint">The file has changed since: these lines may be others.</p>}
      <pre>
        {shown.map((text, i) => (
          <code class={begin + i === line ? "here" : ""} aria-current={begin + i === line ? "location" : undefined}>
            <span class="number">{begin + i}</span>
            {text}
            {"\n"}
          </code>
        ))}
      </pre>
    </div>
  );
}
