import { readFile, readdir } from "node:fs/promises";
import { expect, it } from "vitest";
import { protoTokens } from "../src/about/protoTokens";

const CONTRACTS = new URL("../../contracts/similarfaces/v2/", import.meta.url);

it("colours the contracts without changing a character", async () => {
  for (const file of await readdir(CONTRACTS)) {
    const text = await readFile(new URL(file, CONTRACTS), "utf8");
    expect(
      protoTokens(text)
        .map((token) => token.text)
        .join(""),
    ).toBe(text);
  }
});

it("tells comments, keywords, types, strings and numbers apart", () => {
  const kinds = protoTokens('// note\nimport "a.proto"; repeated Face faces = 2;')
    .filter(({ kind }) => kind !== "plain")
    .map(({ kind, text }) => [kind, text]);
  expect(kinds).toEqual([
    ["comment", "// note"],
    ["keyword", "import"],
    ["string", '"a.proto"'],
    ["keyword", "repeated"],
    ["type", "Face"],
    ["number", "2"],
  ]);
});
