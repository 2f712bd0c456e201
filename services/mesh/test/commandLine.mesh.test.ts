import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ResultEvent } from "@similarfaces/contracts";
import { readRunState } from "../src/supervisor/runState.js";
import { sample } from "./client.js";
import { command } from "./command.js";
import { startTestMesh, type TestMesh } from "./mesh.js";

const PHOTOS = "models/samples/photos";

describe("the command line beside a running mesh", () => {
  let mesh: TestMesh;
  beforeAll(async () => {
    mesh = await startTestMesh();
  });
  afterAll(() => mesh?.stop());

  it("analyze prints boxes, attributes and matches of a photo with wait and work", async () => {
    const { code, stdout, stderr } = await command(mesh.dataDir, ["analyze", `${PHOTOS}/portrait-1.jpg`]);
    expect([code, stderr]).toEqual([0, ""]);
    const lines = stdout.trim().split("\n");
    expect(lines).toHaveLength(6);
    // Comes along with the boxes, and has no time of its own.
    const [quality] = lines.splice(1, 1);
    expect(quality).toMatch(
      /^portrait-1\.jpg +\+\d+ ms  face 1  quality +quality [01]\.\d\d, \d+ px, .*, tilted -?\d+°$/,
    );
    for (const line of lines) {
      expect(line).toMatch(/^portrait-1\.jpg +\+\d+ ms  (photo  |face 1 ) .* wait \d+ ms, work \d+ ms$/);
    }
    expect(lines[0]).toMatch(/extract +496x620, 1 face \[\d+,\d+ \d+x\d+ 0\.\d\d\]/);
    expect(stdout).toMatch(/ quality +quality \d\.\d\d, \d+ px/);
    expect(stdout).toMatch(/ attributes +looks \d+ \(\d+ to \d+\)/);
    expect(stdout).toMatch(/ match +the gallery is empty/);
    // It was this mesh, not one of its own.
    await mesh.printed("1 face");
  });

  it("analyze --json prints one JSON object per result, whatever the number of files; age names whoever answers it", async () => {
    const files = ["portrait-1", "portrait-2", "group-4"].map((name) => `${PHOTOS}/${name}.jpg`);
    const { code, stdout } = await command(mesh.dataDir, ["analyze", "--json", "--stages", "age", ...files]);
    expect(code).toBe(0);
    const results = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as ResultEvent & { file: string });
    for (const [index, faces] of [1, 1, 4].entries()) {
      const stages = results.filter(({ file }) => file === files[index]).map(({ stage }) => stage);
      expect(stages.sort()).toEqual(["accepted", ...Array(faces).fill("attributes"), "extract"]);
    }
  });

  it("analyze --min-score is the least score of a face, and what no score can be is refused in a sentence", async () => {
    const analyze = (score: string) =>
      command(mesh.dataDir, [
        "analyze",
        "--stages",
        "extract",
        "--min-score",
        score,
        `${PHOTOS}/portrait-1.jpg`,
      ]);
    expect((await analyze("0.6")).stdout).toMatch(/ 1 face /);
    expect((await analyze("1")).stdout).toMatch(/ 0 faces /);
    const { code, stderr } = await analyze("1.5");
    expect(code).toBe(1);
    expect(stderr).toContain("portrait-1.jpg: minScore takes a number from 0 to 1 (bad_request)");
  });

  it("analyze says in a sentence what could not be analysed, does the rest, and ends with code 1", async () => {
    const broken = join(mesh.dataDir, "broken.jpg");
    const words = join(mesh.dataDir, "words.jpg");
    await writeFile(broken, (await sample("portrait-1")).subarray(0, 30_000));
    await writeFile(words, "these are words");
    const files = [broken, words, "nowhere.jpg", `${PHOTOS}/portrait-1.jpg`];
    const { code, stdout, stderr } = await command(mesh.dataDir, ["analyze", ...files]);
    expect(code).toBe(1);
    const problems = stderr.trim().split("\n").sort();
    expect(problems).toHaveLength(3);
    expect(problems.join("\n")).toMatch(/broken\.jpg: The file is damaged .* \(undecodable_image\)/);
    expect(problems.join("\n")).toMatch(/words\.jpg: This is no photo .* \(unsupported_type\)/);
    expect(problems.join("\n")).toMatch(/nowhere\.jpg: there is no such file/);
    expect(stdout).toMatch(/portrait-1\.jpg .* extract /);
  });

  it("a second npm start on the same data says in one sentence where the first one runs", async () => {
    const { code, stdout, stderr } = await command(mesh.dataDir, ["start"]);
    expect([code, stdout]).toEqual([1, ""]);
    const { pid } = mesh.state().supervisor;
    expect(stderr.trim()).toBe(
      `The mesh of ${mesh.dataDir} runs already at ${mesh.url} (process ${pid}). ` +
        "Stop it first, or set DATA_DIR and PORT for a second one.",
    );
  });
});

describe("the command line without a mesh", () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "similarfaces-command-"));
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  it("analyze starts one for the occasion, with its gallery, and leaves nothing running", async () => {
    const { code, stdout, stderr } = await command(dataDir, ["analyze", `${PHOTOS}/portrait-1.jpg`], {
      SAMPLE_GALLERY: "true",
    });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^enrolling the sample gallery, \d+ faces \(once\) \.\.\.$/m);
    expect(stdout).toMatch(/ match .*: Composite \d+, Composite/);
    expect(existsSync(join(dataDir, "run.json"))).toBe(false);
    expect(existsSync(join(dataDir, "run.lock"))).toBe(false);
  });

  it("of several npm start at once exactly one runs", async () => {
    const starts = Array.from({ length: 4 }, () => command(dataDir, ["start"]));
    let refused = 0;
    const ended = starts.map((start) => start.finally(() => refused++));
    await expect.poll(() => refused, { timeout: 50_000 }).toBe(3);
    await expect.poll(() => readRunState(dataDir)?.url, { timeout: 50_000 }).toBeDefined();
    process.kill(readRunState(dataDir)!.supervisor.pid, "SIGTERM");
    const codes = (await Promise.all(ended)).map(({ code }) => code);
    expect(codes.sort()).toEqual([0, 1, 1, 1]);
  });

  it("npm start with a port that is taken says so and starts nothing", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await command(dataDir, ["start"], { PORT: String(port) });
    server.close();
    expect(code).toBe(1);
    expect(stderr.trim()).toBe(
      `Port ${port} of 127.0.0.1 is taken or not allowed. Set PORT to another one, or to 0 for any free one.`,
    );
  });

  it("npm start with a bad configuration names every bad key and no value", async () => {
    const bad = { PORT: "eighty", LOG_FORMAT: "xml", STAGES: "extract,a soul" };
    const { code, stderr } = await command(dataDir, ["start"], bad);
    expect(code).toBe(2);
    for (const key of Object.keys(bad)) expect(stderr).toContain(`  ${key} must be`);
    expect(stderr).not.toMatch(/eighty|xml|soul/);
  });

  it("npm start with a bad key of a service ends with the service's words", async () => {
    const { code, stderr } = await command(dataDir, ["start"], { MODEL_PACK: "none-such" });
    expect(code).toBe(1);
    expect(stderr).toMatch(/none-such/);
    expect(stderr).toMatch(/mesh ended with code 2 and is not started again/);
  });

  it("a verb that there is not ends with code 2", async () => {
    const { code, stderr } = await command(dataDir, ["dance"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^There is no command dance: choose one of start, /);
  });
});
