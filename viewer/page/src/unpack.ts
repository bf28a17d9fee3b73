// The report's data: JSON, compressed by gzip, as base64.
import type { Report } from "./report";

export async function unpack(base64: string): Promise<Report> {
  const text = base64.trim();
  const binary = atob(text);
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text()) as Report;
}
