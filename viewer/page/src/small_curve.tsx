// How many descriptors of one site were open over time: the band between the fewest and the most.
import type { LeakSite } from "./report";
import { duration, number, thousands } from "./units";

const kWidth = 360;
const kHeight = 60;

export function SmallCurve({ leak }: { leak: LeakSite }) {
  const curve = leak.curve ?? [];
  if (curve.length < 2) return null;
  const first = number(leak.first_opened_ns);
  const last = Math.max(number(curve[curve.length - 1].at_ns), first + 1);
  const most = Math.max(1, ...curve.map((point) => point.high ?? 0));
  const x = (ns: number) => ((ns - first) / (last - first)) * kWidth;
  const y = (open: number) => kHeight - (open / most) * kHeight;
  const at = (value: (i: number) => number) => curve.map((point, i) => `${x(number(point.at_ns)).toFixed(1)},${y(value(i)).toFixed(1)}`);
  const high = at((i) => curve[i].high ?? 0);
  const low = at((i) => curve[i].low ?? 0);
  const words =
    `Open descriptors of this site over ${duration(last - first)}: ` +
    `from ${thousands(curve[0].low)} to ${thousands(curve[curve.length - 1].high)}, at most ${thousands(most)}.`;
  return (
    <figure class="small-curve">
      <svg viewBox={`0 0 ${kWidth} ${kHeight}`} role="img" aria-label={words} preserveAspectRatio="none">
        <polygon class="band" points={[...high, ...low.reverse()].join(" ")} />
        <polyline class="line" points={high.join(" ")} />
      </svg>
      <figcaption>{words}</figcaption>
    </figure>
  );
}
