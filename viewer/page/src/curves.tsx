// Curves over time, zoomed by dragging, by a double click back to all; with the keyboard by + - 0 and the arrows.
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Report } from "./report";
import { bytes, duration, number, thousands } from "./units";

interface Line {
  name: string;
  values: (number | null)[];
  dashed?: boolean;
}

interface CurveProps {
  title: string;
  words: string; // what the picture shows, for those who do not see it
  seconds: number[];
  lines: Line[];
  show: (value: number) => string;
  steps?: number[]; // between the values beside the axis
  marks: { at: number; name: string }[]; // moments, in seconds
}

const kHeight = 240;
const kByteSteps = Array.from({ length: 50 }, (_, power) => 2 ** power);
const kColours = ["--series-1", "--series-2", "--series-3", "--series-4"];

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function drawMarks(plot: uPlot, marks: CurveProps["marks"]) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour("--bad");
  ctx.lineWidth = devicePixelRatio;
  for (const mark of marks) {
    const x = plot.valToPos(mark.at, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(mark.name, x + 4 * devicePixelRatio, bbox.top + 12 * devicePixelRatio);
  }
  ctx.restore();
}

function optionsOf(props: CurveProps, width: number): uPlot.Options {
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--rule"), width: 1 }, ticks: { stroke: colour("--rule"), width: 1 } };
  return {
    width,
    height: kHeight,
    scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.05)] } },
    axes: [
      { ...axis, values: (_, splits) => splits.map((value) => duration(value * 1e9)) },
      { ...axis, size: 80, incrs: props.steps, values: (_, splits) => splits.map((value) => (Number.isInteger(value) ? props.show(value) : "")) },
    ],
    series: [
      { label: "after", value: (_, value) => (value === null ? "–" : duration(value * 1e9)) },
      ...props.lines.map((line, i) => ({
        label: line.name,
        stroke: colour(line.dashed ? "--bad" : kColours[i % kColours.length]),
        width: 2,
        dash: line.dashed ? [6, 4] : undefined,
        points: { show: props.seconds.length < 3 },
        value: (_: uPlot, value: number | null) => (value === null ? "–" : props.show(value)),
      })),
    ],
    hooks: { draw: [(plot) => drawMarks(plot, props.marks)] },
  };
}

function zoomByKey(event: KeyboardEvent, plot: uPlot, all: number) {
  const { min, max } = plot.scales.x;
  if (min === undefined || max === undefined || min === null || max === null) return;
  const width = max - min;
  const to = (from: number, wide: number) => {
    const w = Math.min(wide, all);
    const begin = Math.max(0, Math.min(from, all - w));
    plot.setScale("x", { min: begin, max: begin + w });
    event.preventDefault();
  };
  if (event.key === "+" || event.key === "=") to(min + width / 4, width / 2);
  else if (event.key === "-") to(min - width / 2, width * 2);
  else if (event.key === "0") to(0, all);
  else if (event.key === "ArrowLeft") to(min - width / 4, width);
  else if (event.key === "ArrowRight") to(min + width / 4, width);
}

function useScheme(): boolean {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const [dark, setDark] = useState(query.matches);
  useEffect(() => {
    const change = () => setDark(query.matches);
    query.addEventListener("change", change);
    return () => query.removeEventListener("change", change);
  }, []);
  return dark;
}

function Curve(props: CurveProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const dark = useScheme();
  useEffect(() => {
    const element = host.current!;
    const data = [props.seconds, ...props.lines.map((line) => line.values)] as uPlot.AlignedData;
    plot.current = new uPlot(optionsOf(props, element.clientWidth || 800), data, element);
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: kHeight }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      plot.current?.destroy();
    };
  }, [dark]);
  const all = props.seconds[props.seconds.length - 1] ?? 0;
  return (
    <figure class="curve">
      <figcaption>
        {props.title} <span class="hint">{props.words}</span>
      </figcaption>
      <div
        ref={host}
        role="img"
        tabIndex={0}
        aria-label={`${props.title}. ${props.words} Zoom with plus, minus and 0, move with the arrows.`}
        onKeyDown={(event) => plot.current && zoomByKey(event, plot.current, all)}
      />
    </figure>
  );
}

// The limit only where it is in reach of the curve: far above it, it would flatten all else.
export function OpenCurve({ report }: { report: Report }) {
  const points = report.timeline ?? [];
  const open = points.map((point) => point.open ?? 0);
  const most = open.reduce((a, b) => Math.max(a, b), 0);
  if (most === 0) return null;
  const limit = number(points[0]?.limit);
  const near = limit > 0 && limit <= most * 4;
  const lines: Line[] = [{ name: "open", values: open }];
  if (near) lines.push({ name: "limit", values: points.map(() => limit), dashed: true });
  const limitWords = limit > 0 ? `, of ${thousands(limit)} allowed` : "";
  return (
    <Curve
      title="Open descriptors"
      words={`At most ${thousands(most)} at once${limitWords}.`}
      seconds={points.map((point) => number(point.at_ns) / 1e9)}
      lines={lines}
      show={thousands}
      marks={(report.failures ?? []).map((failure) => ({ at: number(failure.first_ns) / 1e9, name: failure.error ?? "" }))}
    />
  );
}

export function PinnedCurve({ report }: { report: Report }) {
  return (
    <>
      {(report.pinned_filesystems ?? []).map((filesystem) => {
        const points = filesystem.timeline ?? [];
        if (points.length === 0) return null;
        const values = points.map((point) => number(point.bytes));
        return (
          <Curve
            title={`Pinned bytes on ${filesystem.mount || "shared memory"}${filesystem.type ? ` (${filesystem.type})` : ""}`}
            words={`At most ${bytes(filesystem.peak_bytes)}, in the end ${bytes(values[values.length - 1])}.`}
            seconds={points.map((point) => number(point.at_ns) / 1e9)}
            lines={[{ name: "pinned", values }]}
            show={bytes}
            steps={kByteSteps}
            marks={[]}
          />
        );
      })}
    </>
  );
}
