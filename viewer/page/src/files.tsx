// What takes space: files without a name, files left behind, heaviest writers.
import type { Leftover, PinnedFile, Writer } from "./report";
import { Copy, Folded } from "./stack";
import { Table } from "./table";
import { bytes, counted, number, thousands } from "./units";

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
  return (
    <Table
      columns={["#Bytes", "File", "Opened by", "Removed by", "Held by"]}
      items={files}
      what="files"
      row={(file) => (
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
      )}
    />
  );
}

export function LeftoverTable({ leftovers }: { leftovers: Leftover[] }) {
  return (
    <Table
      columns={["#Files", "#Bytes", "Names", "Created by"]}
      items={leftovers}
      what="patterns"
      row={(each) => (
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
      )}
    />
  );
}

export function WriterTable({ writers }: { writers: Writer[] }) {
  return (
    <Table
      columns={["#Grew by", "File", "Opened by"]}
      items={writers}
      what="writers"
      row={(each) => (
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
      )}
    />
  );
}
