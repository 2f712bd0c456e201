import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

interface Package {
  name: string;
  workspaces?: string[];
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const read = <T>(path: string) => JSON.parse(readFileSync(path, "utf8")) as T;
const folders = read<Package>("package.json").workspaces!.flatMap((pattern) =>
  pattern.endsWith("/*")
    ? readdirSync(pattern.slice(0, -2), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => pattern.replace("*", name))
        // As npm takes them: what has been built of a workspace that is gone may be left.
        .filter((folder) => existsSync(join(folder, "package.json")))
    : [pattern],
);
const packages = new Map(folders.map((folder) => [folder, read<Package>(join(folder, "package.json"))]));
const folderOf = new Map([...packages].map(([folder, { name }]) => [name, folder]));
const neededBy = ({ dependencies = {} }: Package) =>
  Object.keys(dependencies).flatMap((name) => folderOf.get(name) ?? []);

describe.each(folders)("%s", (folder) => {
  const own = packages.get(folder)!;

  it("imports only what its package.json names", () => {
    const named = new Set(Object.keys(own.dependencies ?? {}));
    const undeclared = sourcesUnder(join(folder, "src")).flatMap((file) =>
      packagesImported(readFileSync(file, "utf8"))
        .filter((name) => !named.has(name))
        .map((name) => `${file}: ${name}`),
    );
    expect(undeclared).toEqual([]);
  });

  it("is built after the workspaces that it needs", () => {
    const { references = [] } = read<{ references?: { path: string }[] }>(join(folder, "tsconfig.json"));
    expect(references.map(({ path }) => normalize(join(folder, path))).toSorted()).toEqual(
      neededBy(own).toSorted(),
    );
  });
});

it("no workspace needs itself by way of others, in its tests neither", () => {
  const below = (folder: string, path: readonly string[]): void => {
    expect(path, [...path, folder].join(" -> ")).not.toContain(folder);
    const { dependencies, devDependencies } = packages.get(folder)!;
    const all = neededBy({ name: folder, dependencies: { ...dependencies, ...devDependencies } });
    for (const needed of all) below(needed, [...path, folder]);
  };
  for (const folder of folders) below(folder, []);
});

function sourcesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name) && !/(^|\/)gen\//.test(name))
    .map((name) => join(folder, name));
}

/** Of `import ... from "@scope/name/part"` the first two parts; Node's own modules and files are left out. */
function packagesImported(source: string): string[] {
  const statements = /^(?:import|export)\b(?:[^"'`;]*\bfrom)? "([^"]+)";$|\bimport\("([^"]+)"\)/gm;
  return [...source.matchAll(statements)]
    .map(([, atTop, inside]) => (atTop ?? inside)!)
    .filter((specifier) => !/^(?:node:|\.|#)/.test(specifier))
    .map((specifier) =>
      specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/"),
    );
}
