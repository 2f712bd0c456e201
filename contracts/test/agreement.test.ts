import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  FAILURES,
  file_similarfaces_v2_analyzer,
  file_similarfaces_v2_result,
  GALLERY_OPERATIONS,
  STREAM_NAMES,
  consumers,
} from "../src/mod.js";

const folder = new URL("..", import.meta.url);
const readme = readFileSync(new URL("README.md", folder), "utf8");
const cells = (heading: string): string[] => {
  const section = readme.split(`## ${heading}`)[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1]!);
};

describe("README.md", () => {
  it("lists every failure code, and no other", () => {
    expect(cells("Failure codes")).toEqual(Object.keys(FAILURES));
  });

  it("says of each code whether a retry may help, and what to do", () => {
    for (const [code, { retryable, help }] of Object.entries(FAILURES)) {
      expect(readme).toContain(`| \`${code}\` | ${retryable ? "yes" : "no"} | ${help} |`);
    }
  });

  it("names every stream, consumer and gallery operation", () => {
    for (const name of [...Object.values(STREAM_NAMES), ...GALLERY_OPERATIONS])
      expect(readme).toContain(`\`${name}\``);
    expect(cells("Consumers")).toEqual(consumers().map((consumer) => consumer.durable_name));
  });
});

describe("the .proto files", () => {
  const buf = (...args: string[]): string =>
    execFileSync(fileURLToPath(new URL("../node_modules/.bin/buf", folder)), args, {
      cwd: fileURLToPath(folder),
      encoding: "utf8",
    });

  it("follow buf's standard rules", () => {
    expect(buf("lint")).toBe("");
  });

  // test/v2.binpb is `buf build -o test/v2.binpb` of the released contract; a new release replaces it.
  it("break nothing that the released contract promised", () => {
    expect(buf("breaking", "--against", "test/v2.binpb")).toBe("");
  });

  it("have exactly those fields absent in JSON that src/shapes.ts names", () => {
    const source = readFileSync(new URL("src/shapes.ts", folder), "utf8");
    const union = source.split("export type MaybeAbsent =")[1]!.split(";")[0]!;
    const named = [...union.matchAll(/"(\w+)"/g)].map((match) => match[1]!);
    const descriptors = [...file_similarfaces_v2_result.messages, ...file_similarfaces_v2_analyzer.messages];
    const fields = descriptors.flatMap((message) => message.fields);
    const absent = fields.filter(({ oneof, proto }) => oneof !== undefined || proto.proto3Optional);
    // Messages that are not always there: the type of the field cannot say so.
    expect([...named].sort()).toEqual(
      [...new Set([...absent.map(({ jsonName }) => jsonName), "timings", "quality", "bins"])].sort(),
    );
    for (const { jsonName, parent, oneof, proto } of fields) {
      if (!named.includes(jsonName) || oneof !== undefined || proto.proto3Optional) continue;
      expect(["Result.timings", "Face.quality", "MeasureSpec.bins"]).toContain(`${parent.name}.${jsonName}`);
    }
  });
});
