import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FailureJson } from "@similarfaces/contracts";
import type { Job } from "@similarfaces/contracts/api";
import { FORMATS } from "../../../gateway/test/formats/files.js";
import { startTestMesh, type TestMesh } from "./mesh.js";

/** Cells of the table of formats: what, what happens, and what is answered. */
const [, table = ""] = /## Formats\n([^]*?)\n## /.exec(readFileSync("gateway/README.md", "utf8")) ?? [];
const rows = table
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .slice(2)
  .map(
    (line) =>
      line
        .split("|")
        .slice(1, 4)
        .map((cell) => cell.trim()) as [string, string, string],
  );

describe("a file that is sent", () => {
  let mesh: TestMesh;
  beforeAll(async () => {
    mesh = await startTestMesh();
  });
  afterAll(() => mesh?.stop());

  it("is of a format that the gateway's README lists, each of which is tried", () => {
    expect(rows.map(([format]) => format)).toEqual(Object.keys(FORMATS));
  });

  it.each(rows)("of the format %s is %s: %s", async (format, happens, answer) => {
    const files = Object.entries(FORMATS[format]!());
    expect(files.length).toBeGreaterThan(0);
    for (const [name, file] of files) {
      const response = await fetch(`${mesh.url}/v1/jobs?stages=quality`, {
        method: "POST",
        headers: { prefer: "wait=60" },
        body: new Uint8Array(await file),
      });
      const body = (await response.json()) as Job & { failure: FailureJson };
      const [, status, code] = /^(\d+)? ?`(\w+)`$/.exec(answer) ?? [];
      if (status !== undefined) {
        expect([name, response.status, body.failure.code]).toEqual([name, Number(status), code]);
        if (/name|whatever/.test(happens)) expect(body.failure.message).toContain(name);
        continue;
      }
      expect([name, response.status, body.state]).toEqual([name, 200, "complete"]);
      if (code !== undefined) {
        expect([name, body.extract]).toMatchObject([name, { state: "failed", failure: { code } }]);
        continue;
      }
      expect([name, body.faces.length]).toEqual([name, 1]);
      expect([name, body.extract]).toMatchObject([
        name,
        { state: "done", value: { truncated: happens.includes("truncated") } },
      ]);
    }
  });
});
