// What takes space: files without a name, files left behind, heaviest writers.
import { More, useShown } from "./more";
import type { Leftover, PinnedFile, Writer } from "./report";
import { Copy, Folded } from "./stack";
import { bytes, counted, number, thousands } from "./units";

const kStep = 50;

const kRemoved = {
  REMOVED_BY_UNKNOWN: "removed",
  UNLINK: "unlinked",
  RENAME: "replaced by rename",
  TMPFILE: "never had a name",
  OTHER_PROCESS: "removed by another process",
};

function holdersOf(file: PinnedFile): string {
  const holders = file.holders ?? [];
  const texts = holders.slice(0, 5).map((holder) => {
    const what = holder.kind === "MAPPING" ? "a mapping" : `fd ${holder.fd ?? 0}`;
    return `${what} of pid ${holder.pid}${holder.alive ? ", still running" : ""}`;
  });
  if (holders.length > 5) texts.push(`${holders.length - 5} more`);
  return texts.join("; ");
}

export function PinnedTable({ files }: { files: PinnedFile[] }) {
  const shown = useShown(files.length, kStep);
  return (
    <>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col" class="number">Bytes</th>
              <th scope="col">File</th>
              <th scope="col">Opened by</th>
              <th scope="col">Removed by</th>
              <th scope="col">Held by</th>
            </tr>
          </thead>
          <tbody>
            {files.slice(0, shown.count).map((file) => (
              <tr>
                <td class="number" title={`${thousands(number(file.bytes))} bytes`}>{bytes(file.bytes)}</td>
                <td>
                  <bdi class="path">{file.path || `inode ${file.inode ?? "?"}`}</bdi>
                  <span class="hint">
                    {" "}
                    {file.in_memory ? "in memory" : file.mount ? <>on <bdi>{file.mount}</bdi></> : ""}
                  </span>
                  {file.remedies?.map((remedy) => (
                    <div class="remedy">
                      <code>{remedy}</code> <Copy text={remedy} what="command" />
                    </div>
                  ))}
                </td>
                <td>
                  <Folded frames={file.opened_at} call={file.open_call} />
                </td>
                <td>
                  {file.unlinked_at?.length ? (
                    <Folded frames={file.unlinked_at} call={file.unlink_call} />
                  ) : (
                    kRemoved[file.removed_by ?? "REMOVED_BY_UNKNOWN"]
                  )}
                </td>
                <td>{holdersOf(file)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More all={files.length} shown={shown} step={kStep} what="files" />
    </>
  );
}

export function LeftoverTable({ leftovers }: { leftovers: Leftover[] }) {
  const shown = useShown(leftovers.length, kStep);
  return (
    <>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col" class="number">Files</th>
              <th scope="col" class="number">Bytes</th>
              <th scope="col">Names</th>
              <th scope="col">Created by</th>
            </tr>
          </thead>
          <tbody>
            {leftovers.slice(0, shown.count).map((each) => (
              <tr>
                <td class="number">{thousands(each.files)}</td>
                <td class="number">{bytes(each.bytes)}</td>
                <td>
                  <bdi class="path">{`${each.directory ?? ""}/${each.pattern ?? ""}`.replace(/^\/\//, "/")}</bdi>
                  {each.temporary && <span class="hint"> temporary</span>}
                </td>
                <td>
                  <Folded frames={each.created_at} call={each.call} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More all={leftovers.length} shown={shown} step={kStep} what="patterns" />
    </>
  );
}

export function WriterTable({ writers }: { writers: Writer[] }) {
  const shown = useShown(writers.length, kStep);
  return (
    <>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col" class="number">Grew by</th>
              <th scope="col">File</th>
              <th scope="col">Opened by</th>
            </tr>
          </thead>
          <tbody>
            {writers.slice(0, shown.count).map((each) => (
              <tr>
                <td class="number">
                  {each.at_least && "at least "}
                  {bytes(each.bytes)}
                </td>
                <td>
                  <bdi class="path">{each.path || (each.nameless ? "a file that never had a name" : "not known")}</bdi>
                  {(each.files ?? 0) > 1 && <span class="hint"> and {counted((each.files ?? 0) - 1, "more file")}</span>}
                </td>
                <td>
                  <Folded frames={each.stack} call={each.call} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More all={writers.length} shown={shown} step={kStep} what="writers" />
    </>
  );
}
