import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { FAILURES, GALLERY_OPERATIONS, STREAM_NAMES, consumers } from "../src/mod.js";

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

  // test/v1.binpb is `buf build -o test/v1.binpb` of the released contract; a new release replaces it.
  it("break nothing that the released contract promised", () => {
    expect(buf("breaking", "--against", "test/v1.binpb")).toBe("");
  });
});
