import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { neededBy, parseBill } from "./billOfMaterials.js";
import { assembleTree, type ImageTree } from "./imageTree.js";
import { BUILT } from "./programs.js";

const COMPACT = fileURLToPath(new URL("../../models/compact", import.meta.url));

describe.skipIf(!BUILT).each(["gateway", "stage"])(
  "the tree of the %s image (needs npm run build)",
  (target) => {
    let files: string[];
    let image: ImageTree;
    let tree: string;
    beforeAll(() => {
      image = assembleTree(target);
      tree = image.path;
      files = filesUnder(tree).map((file) => relative(tree, file));
    }, 180_000);
    afterAll(() => image?.remove());

    it("has binaries for its own platform only", () => {
      const binaries = files.filter((file) => /\.(node|so|dylib|dll|exe)(\.\d+)*$/.test(file));
      expect(binaries.length).toBeGreaterThan(0);
      const other = process.arch === "x64" ? "arm64" : "x64";
      const foreign = new RegExp(`darwin|win32|windows|musl|${other}|\\.(dylib|dll|exe)$`);
      expect(binaries.filter((file) => foreign.test(file))).toEqual([]);
    });

    it("has nothing that builds or tests", () => {
      const tools = [
        "typescript",
        "vite",
        "vitest",
        "prettier",
        "oxlint",
        "playwright-core",
        "@bufbuild/buf",
      ];
      expect(tools.filter((tool) => existsSync(join(tree, "node_modules", tool)))).toEqual([]);
      expect(files.filter((file) => /\.(d\.ts|map|tsbuildinfo)$|(^|\/)src\/[^/]*\.ts$/.test(file))).toEqual(
        [],
      );
    });

    it("names everything in it, and all that it needs by the lock file, in its bill of materials", () => {
      const bill = readFileSync(join(tree, "sbom.cdx.json"), "utf8");
      expect(readFileSync(`${tree}.cdx.json`, "utf8")).toBe(bill);
      const { components } = parseBill(bill);
      const named = new Set(components.map(({ name, version }) => `${name}@${version}`));
      const lies = files
        .filter((file) => /(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(file))
        .map(
          (file) => JSON.parse(readFileSync(join(tree, file), "utf8")) as { name: string; version: string },
        );
      expect(lies.length).toBeGreaterThan(50);
      expect(lies.map(({ name, version }) => `${name}@${version}`).filter((id) => !named.has(id))).toEqual(
        [],
      );
      const roots =
        target === "gateway"
          ? ["gateway", "ui"]
          : files.flatMap((file) => /^services\/[^/]+(?=\/dist\/)/.exec(file) ?? []);
      const needed = neededBy([...new Set(roots)]);
      expect(needed).toEqual(
        expect.arrayContaining(target === "gateway" ? ["solid-js@1.9.19"] : ["sharp@0.35.5"]),
      );
      expect(needed.filter((id) => !named.has(id))).toEqual([]);
      const graphs = components.filter(({ type }) => type === "machine-learning-model");
      expect(graphs.length).toBe(files.filter((file) => file.endsWith(".onnx")).length);
    });

    it("has what it runs, and no more of our own", () => {
      const own = readdirSync(join(tree, "node_modules/@similarfaces")).sort();
      const stages = [
        "analyze",
        "contracts",
        "embed",
        "extract",
        "gallery",
        "inference",
        "provision",
        "runtime",
        "vision",
      ];
      expect(own).toEqual(target === "stage" ? stages : ["contracts", "gateway", "runtime"]);
      expect(files.some((file) => file.endsWith(".onnx"))).toBe(target === "stage");
      expect(
        files.filter((file) => file.startsWith("models/compact/") && file.endsWith("manifest.json")).length,
      ).toBe(filesUnder(COMPACT).filter((file) => file.endsWith("manifest.json")).length);
    });
  },
);

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) return [];
    return entry.isDirectory() ? filesUnder(path) : statSync(path).isFile() ? [path] : [];
  });
}
