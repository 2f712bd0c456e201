import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";

const FOLDERS = ["contracts", "gateway", "helm", "models", "observability", "services", "ui"];
const documents = [
  "README.md",
  ...FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
  ).filter((path) => path.endsWith(".md") && !/(^|\/)(node_modules|dist|own)\//.test(path)),
];

it.each(documents)("%s links to what is there", (document) => {
  const links = [...readFileSync(document, "utf8").matchAll(/\]\(([^)#\s]*)(?:#([^)\s]+))?\)/g)];
  const missing = links.flatMap(([link, path = "", anchor]) => {
    if (/^\w+:/.test(path)) return [];
    const target = path === "" ? document : join(dirname(document), path);
    if (!existsSync(target)) return [link];
    return anchor === undefined || anchors(target).includes(anchor) ? [] : [link];
  });
  expect(missing).toEqual([]);
});

it.each(documents)("%s names files and folders where they are", (document) => {
  const folder = dirname(document);
  const missing = rowsOfFiles(readFileSync(document, "utf8")).flatMap((cell) =>
    [...cell.matchAll(/`([\w.@/-]+)`/g)]
      .map(([, name]) => name!)
      .filter((name) => /[./]/.test(name) && !/[*<>]/.test(name))
      .filter(
        (name) => !["", "src", "src/drivers", "src/packs"].some((at) => existsSync(join(folder, at, name))),
      ),
  );
  expect(missing).toEqual([]);
});

/** As GitHub makes them of headings. */
function anchors(document: string): string[] {
  return [...readFileSync(document, "utf8").matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

/** The first cells of the rows of tables that list files or folders. */
function rowsOfFiles(text: string): string[] {
  return text.split(/\n{2,}/).flatMap((block) => {
    const rows = block.split("\n").filter((line) => line.startsWith("|"));
    if (!/^\| *(file|folder)( of `src\/`)? *\|/.test(rows[0] ?? "")) return [];
    return rows.slice(2).map((row) => row.split("|")[1]!);
  });
}
