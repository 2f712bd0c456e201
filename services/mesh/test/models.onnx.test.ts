import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { models } from "../src/commands/models.js";

const FACE = "models/samples/gallery/composite-001.jpg";
let data: string;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "similarfaces-models-"));
  await mkdir(join(data, "surprise"));
  await cp(FACE, join(data, "surprise/1.jpg"));
});
afterEach(() => rm(data, { recursive: true, force: true }));

describe("npm run models -- eval", () => {
  it("writes JSON that a manifest may hold and Markdown that a card may quote", async () => {
    const out = join(data, "results", "emotion");
    expect(await models(["eval", "compact", "--data", data, "--name", "one face", "--out", out])).toBe(0);
    const { results } = JSON.parse(await readFile(`${out}.json`, "utf8")) as {
      results: { measurement: object }[];
    };
    expect(results[0]!.measurement).toMatchObject({ data: "one face", n: 1 });
    const markdown = await readFile(`${out}.md`, "utf8");
    expect(markdown).toContain("## emotion: compact-emotion@1.0.0, faces found by compact-detect@1.0.0");
    expect(markdown).toContain("### one face");
    expect(markdown).toContain("| confusion rows true | angry | disgust |");
  });

  it("says in one line what is wrong, and answers a senseless call with 2", async () => {
    expect(await models(["eval", "compact", "--data", join(data, "nowhere")])).toBe(1);
    expect(await models(["eval", "compact"])).toBe(2);
    expect(await models(["eval", "--data", data])).toBe(2);
  });
});
