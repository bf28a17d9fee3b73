// How frames are named; which one names a stack, the report says (Frame.own).
import type { Frame } from "./report";

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

// "ns::load" of "int ns::load(int, char const*) const": what stands before the parameters, less a return type.
export function shortFunction(name: string): string {
  let depth = 0;
  let begin = 0;
  for (let i = 0; i < name.length; ++i) {
    const character = name[i];
    if (character === "<" || (character === "(" && name.startsWith("(anonymous namespace)", i))) ++depth;
    else if (character === ">" || (character === ")" && depth > 0)) --depth;
    else if (depth <= 0 && character === "(" && i > begin) return name.slice(begin, i);
    else if (depth <= 0 && character === " " && !name.slice(begin, i).endsWith("operator")) begin = i + 1;
  }
  return name.slice(begin) || name;
}

function inModule(frame: Frame): string {
  const module = baseName(frame.module ?? "");
  if (module === "" || frame.function || !frame.address) return module;
  return `${module}+0x${BigInt(frame.address).toString(16)}`;
}

export function shortPlace(frame: Frame): string {
  if (frame.file) return frame.line ? `${baseName(frame.file)}:${frame.line}` : baseName(frame.file);
  return inModule(frame);
}

export function fullPlace(frame: Frame): string {
  if (frame.file) return frame.line ? `${frame.file}:${frame.line}` : frame.file;
  return frame.function ? (frame.module ?? "") : inModule(frame);
}

export interface SiteName {
  function: string;
  place: string;
}

export function siteName(stack: Frame[] | undefined, call: string | undefined): SiteName {
  const own = stack?.find((frame) => frame.own) ?? stack?.[0];
  if (!own) return { function: call ?? "", place: "no stack" };
  return { function: shortFunction(own.function ?? "") || (call ?? ""), place: shortPlace(own) };
}

export function stackText(stack: Frame[]): string {
  return stack.map((frame) => `${fullPlace(frame)}  ${frame.function ?? ""}`.trim()).join("\n");
}
