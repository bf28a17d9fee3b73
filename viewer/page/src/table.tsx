// A table of one kind of finding: its columns, and a row for each, more of them as the reader comes near their end.
import type { ComponentChildren } from "preact";
import { More, useShown } from "./more";

const kStep = 50;

export interface TableProps<Item> {
  columns: string[]; // those that begin with "#" hold numbers
  items: Item[];
  what: string; // the items, in words
  row: (item: Item) => ComponentChildren; // a <tr>
  kind?: string; // a class of its own
}

export function Table<Item>({ columns, items, what, row, kind }: TableProps<Item>) {
  const shown = useShown(items.length, kStep);
  return (
    <>
      <div class="scroll">
        <table class={kind}>
          <thead>
            <tr>
              {columns.map((column) => (
                <th scope="col" class={column.startsWith("#") ? "number" : undefined}>
                  {column.replace("#", "")}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{items.slice(0, shown.count).map(row)}</tbody>
        </table>
      </div>
      <More all={items.length} shown={shown} step={kStep} what={what} />
    </>
  );
}
