// Long lists: the first rows at once, more as the reader comes near their end. Rows stay once shown, so that the
// browser's own search, screen readers and printers have them.
import { useEffect, useRef, useState } from "preact/hooks";

export interface Shown {
  count: number;
  atLeast: (count: number) => void; // makes row COUNT - 1 one of those shown
}

export function useShown(all: number, step: number): Shown {
  const [count, setCount] = useState(step);
  return { count: Math.min(all, count), atLeast: (wanted) => setCount((old) => (wanted > old ? wanted + step : old)) };
}

export function More({ all, shown, step, what }: { all: number; shown: Shown; step: number; what: string }) {
  const button = useRef<HTMLButtonElement>(null);
  const left = all - shown.count;
  useEffect(() => {
    if (!button.current || left === 0) return;
    const watch = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) shown.atLeast(shown.count + 1);
      },
      { rootMargin: "600px" },
    );
    watch.observe(button.current);
    return () => watch.disconnect();
  }, [shown.count, left]);
  if (left === 0) return null;
  return (
    <button type="button" ref={button} class="more" onClick={() => shown.atLeast(shown.count + 1)}>
      Show {Math.min(step, left)} more of {left.toLocaleString("en-US")} {what}
    </button>
  );
}
