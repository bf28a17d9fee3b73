// Flame graphs, their roots on top: what is still open, or pinned, by the stacks that opened it.
import { select } from "d3-selection";
import flamegraph from "d3-flame-graph";
import { useEffect, useRef, useState } from "preact/hooks";
import { shortFunction, shortPlace } from "./frames";
import type { Frame, LeakSite, PinnedSite } from "./report";
import { number } from "./units";

export interface Flame {
  name: string;
  value: number;
  children: Flame[];
}

// From stacks, innermost frame first, each with its weight.
function grow(stacks: { stack: Frame[]; call: string; value: number }[]): Flame {
  const root: Flame = { name: "all", value: 0, children: [] };
  const index = new Map<Flame, Map<string, Flame>>();
  for (const { stack, call, value } of stacks) {
    let at = root;
    at.value += value;
    const names = [...stack].reverse().map((frame) => `${shortFunction(frame.function ?? "") || "?"} ${shortPlace(frame)}`.trim());
    for (const name of [...names, call]) {
      let below = index.get(at);
      if (!below) index.set(at, (below = new Map()));
      let next = below.get(name);
      if (!next) {
        next = { name, value: 0, children: [] };
        below.set(name, next);
        at.children.push(next);
      }
      next.value += value;
      at = next;
    }
  }
  return root;
}

export function flamesOfLeaks(leaks: LeakSite[]): Flame {
  return grow(leaks.map((leak) => ({ stack: leak.stack ?? [], call: leak.call ?? "", value: leak.still_open ?? 0 })));
}

export function flamesOfPinned(sites: PinnedSite[]): Flame {
  return grow(sites.map((site) => ({ stack: site.stack ?? [], call: site.call ?? "", value: number(site.bytes) })));
}

const kCell = 20;

interface Node {
  data: Flame;
  value: number;
  parent: Node | null;
  children?: Node[];
}

function share(node: Node, all: number): string {
  return `${((100 * node.data.value) / Math.max(1, all)).toFixed(1)} %`;
}

// One frame is in the order of tabs at a time; arrows go to the caller, the callee and beside it, Enter zooms.
function steer(host: HTMLElement, event: KeyboardEvent) {
  const frames = select(host).selectAll<SVGGElement, Node>("g.frame");
  const current = (event.target as Element).closest("g.frame");
  if (!current) return;
  const node = select<Element, Node>(current).datum();
  const siblings = node.parent?.children ?? [];
  const beside = (step: number) => siblings[siblings.indexOf(node) + step];
  const goals: Record<string, Node | null | undefined> = {
    ArrowUp: node.parent,
    ArrowDown: node.children?.find((child) => child.value > 0),
    ArrowLeft: beside(-1),
    ArrowRight: beside(1),
  };
  if (event.key === "Enter" || event.key === " ") {
    current.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    event.preventDefault();
  } else if (event.key in goals) {
    event.preventDefault();
    const goal = goals[event.key];
    const element = goal && frames.filter((each) => each === goal).node();
    if (!element) return;
    frames.attr("tabindex", -1);
    element.setAttribute("tabindex", "0");
    element.focus();
  }
}

export function Flames({ title, tree, show }: { title: string; tree: Flame; show: (value: number) => string }) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<any>(null); // without types
  const [details, setDetails] = useState("");
  const [zoomed, setZoomed] = useState("");

  // Names and tab stops are ours: the library draws rectangles alone.
  const describe = () => {
    const frames = select(host.current!).selectAll<SVGGElement, Node>("g.frame");
    frames.attr("role", "button").attr("aria-label", (node) => `${node.data.name}: ${show(node.data.value)}, ${share(node, tree.value)}`);
    frames.attr("tabindex", (_, i) => (i === 0 ? 0 : -1));
  };

  useEffect(() => {
    const element = host.current!;
    const draw = () => {
      element.textContent = "";
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      chart.current = flamegraph()
        .width(element.clientWidth || 800)
        .cellHeight(kCell)
        .inverted(true)
        .sort((a: Node, b: Node) => b.data.value - a.data.value)
        .minFrameSize(1)
        .transitionDuration(still ? 0 : 250)
        .selfValue(false)
        .setColorHue("orange")
        .setColorMapper((node: Node & { highlight?: boolean }, usual: string) =>
          node.highlight ? "#e9a6ff" : node.parent ? usual : "#c9ced4",
        )
        .setLabelHandler((node: Node) => `${node.data.name}: ${show(node.data.value)}, ${share(node, tree.value)}`)
        .setDetailsHandler((text: string | null) => setDetails(text ?? ""))
        .setSearchMatch((node: Node, term: string) => !!term && node.data.name.toLowerCase().includes(term.toLowerCase()))
        .onClick((node: Node) => {
          setZoomed(node.parent ? node.data.name : "");
          describe();
        });
      select(element).datum(structuredClone(tree)).call(chart.current as never);
      describe();
    };
    draw();
    let width = element.clientWidth;
    const resized = new ResizeObserver(() => {
      if (element.clientWidth === width) return;
      width = element.clientWidth;
      draw();
      setZoomed("");
    });
    resized.observe(element);
    return () => resized.disconnect();
  }, [tree]);

  const search = (term: string) => (term ? chart.current?.search(term) : chart.current?.clear());
  return (
    <figure class="flames">
      <figcaption>
        <h3>{title}</h3>
        <label>
          Search
          <input type="search" placeholder="function or file" onInput={(event) => search(event.currentTarget.value)} />
        </label>
        <button type="button" disabled={!zoomed} onClick={() => { chart.current?.resetZoom(); setZoomed(""); describe(); }}>
          Show all
        </button>
      </figcaption>
      <div
        class="flame-host"
        ref={host}
        role="group"
        aria-label={`${title} by stack, ${show(tree.value)} in all. Arrows move between callers and callees, Enter zooms. The tables have the same numbers.`}
        onKeyDown={(event) => steer(host.current!, event)}
      />
      <p class="flame-details" aria-live="off">{details || (zoomed ? `zoomed to ${zoomed}` : "Click a frame to zoom.")}</p>
    </figure>
  );
}
