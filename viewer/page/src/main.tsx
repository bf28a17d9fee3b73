// Unpacks the report and shows it.
import { render } from "preact";
import { Page } from "./page";
import "./style.css";
import { unpack } from "./unpack";

async function main() {
  const root = document.getElementById("page")!;
  const data = document.getElementById("report")!;
  try {
    const report = await unpack(data.textContent ?? "");
    data.remove(); // the text is as large as all the rest
    root.textContent = "";
    render(<Page report={report} />, root);
    document.documentElement.dataset.ready = "true";
  } catch (error) {
    root.textContent = `The report in this page cannot be read (${error}): the file is damaged, or the browser too old.`;
  }
}

void main();
