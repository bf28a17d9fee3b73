// Numbers for people, in the words of the text report.

const whole = new Intl.NumberFormat("en-US");

export function thousands(count: number | undefined): string {
  return whole.format(count ?? 0);
}

export function counted(count: number | undefined, noun: string): string {
  return `${thousands(count)} ${noun}${count === 1 ? "" : "s"}`;
}

export function number(text: string | undefined): number {
  return Number(text ?? 0);
}

// Three digits that matter.
function digits(value: number): string {
  return value < 10 && !Number.isInteger(value) ? value.toFixed(1) : whole.format(Math.round(value));
}

export function bytes(count: string | number | undefined): string {
  let value = Number(count ?? 0);
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit + 1 < units.length) {
    value /= 1024;
    ++unit;
  }
  return `${digits(value)} ${units[unit]}`;
}

export function duration(ns: string | number | undefined): string {
  const value = Math.max(0, Number(ns ?? 0));
  if (value < 1e3) return `${value} ns`;
  if (value < 1e6) return `${digits(value / 1e3)} µs`;
  if (value < 1e9) return `${digits(value / 1e6)} ms`;
  const seconds = value / 1e9;
  if (seconds < 60) return `${digits(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor((seconds % 86400) / 3600)} h`;
}

// After the recording's start.
export function moment(ns: string | number | undefined): string {
  return `after ${duration(ns)}`;
}
