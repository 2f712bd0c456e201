import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { models } from "../src/commands/models.js";

const FACE = "models/samples/gallery/composite-001.jpg";
let data: string;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "similarfaces-models-"));
  await mkdir(join(data, "surprise"));
  await cp(FACE, join(data, "surprise/1.jpg"));
});
afterEach(() => {
  vi.restoreAllMocks();
  return rm(data, { recursive: true, force: true });
});

describe("npm run models", () => {
  it("lists, verifies and times every variant of a pack, and the whole of one face in each precision", async () => {
    const lines = recorded();
    expect(await models(["list", "compact"])).toBe(0);
    expect(
      lines.filter((line) => /^compact\/embed +2\.0\.0 +(float32|int8) .* here$/.test(line)),
    ).toHaveLength(2);
    expect(await models(["verify", "compact-attributes"])).toBe(0);
    expect(lines.filter((line) => line.startsWith("compact-attributes/attributes ("))).toEqual([
      expect.stringMatching(/\(float32\): as its manifest says, ready in \d+\.\d\d s/),
      expect.stringMatching(/\(int8\): as its manifest says, ready in \d+\.\d\d s/),
    ]);
    expect(await models(["bench", "compact", "--runs", "1"])).toBe(0);
    const ofFace =
      /^compact as float32, one face in one photo \(detect, refine twice, embed, age, .*\): median \d/;
    expect(lines.filter((line) => ofFace.test(line))).toHaveLength(1);
    expect(lines.filter((line) => /^compact-embed@2\.0\.0\+float32 +112x112 /.test(line))).toHaveLength(1);
  });

  it("names what it does not time, with the reason, and what it cannot pull", async () => {
    const manifest = await readFile("models/compact/gender/manifest.json", "utf8");
    await mkdir(join(data, "own", "gender"), { recursive: true });
    await writeFile(join(data, "own", "gender", "manifest.json"), manifest);
    const lines = recorded();
    expect(await models(["bench", "own", "--dir", data])).toBe(0);
    expect(lines).toContain("own/gender (float32): its file is not here: npm run models -- pull own");
    const errors = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(await models(["pull", "own", "--dir", data])).toBe(1);
    expect(errors.mock.calls.flat().join("")).toMatch(
      /own\/gender\/manifest\.json: has no field url to fetch model\.onnx from/,
    );
  });
});

/** What is written to standard output from now on, line by line. */
function recorded(): string[] {
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  return lines;
}

describe("npm run models -- eval", () => {
  it("writes JSON that a manifest may hold and Markdown that a card may quote", async () => {
    const out = join(data, "results", "emotion");
    expect(await models(["eval", "compact", "--data", data, "--name", "one face", "--out", out])).toBe(0);
    const { results } = JSON.parse(await readFile(`${out}.json`, "utf8")) as {
      results: { measurement: object }[];
    };
    expect(results[0]!.measurement).toMatchObject({ data: "one face", n: 1 });
    const markdown = await readFile(`${out}.md`, "utf8");
    expect(markdown).toMatch(
      /^## emotion: compact-emotion@2\.0\.0\+(float32|int8), faces found by compact-detect@2\.0\.0\+/m,
    );
    expect(markdown).toContain("### one face");
    expect(markdown).toContain("| confusion rows true | angry | disgust |");
  });

  it("says in one line what is wrong, and answers a senseless call with 2", async () => {
    expect(await models(["eval", "compact", "--data", join(data, "nowhere")])).toBe(1);
    expect(await models(["eval", "compact"])).toBe(2);
    expect(await models(["eval", "--data", data])).toBe(2);
  });
});
