import { spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { allAnswers, analyse, answered, sample } from "./client.js";
import { command } from "./command.js";
import { startTestMesh, type TestMesh } from "./mesh.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const EMOTION = fileURLToPath(new URL("../../../models/compact/emotion", import.meta.url));

/** Folders that somebody has brought along: copies of one of ours under other names. */
let packs: string;
beforeAll(async () => {
  packs = await mkdtemp(join(tmpdir(), "similarfaces-packs-"));
  for (const folder of ["moods/mood", "late/late-comer", "twice/emotion", "reserved/match"])
    await cp(EMOTION, join(packs, folder), { recursive: true });
});
afterAll(() => rm(packs, { recursive: true, force: true }));

const withMood = (faces: number) =>
  [...allAnswers(faces), ...Array.from({ length: faces }, (_, face) => `mood.${face}`)].sort();

async function analyzersAt(url: string): Promise<string[]> {
  const { analyzers } = (await (await fetch(`${url}/v1/analyzers`)).json()) as {
    analyzers: { name: string }[];
  };
  return analyzers.map(({ name }) => name);
}

describe("a folder in ANALYZER_PACKS", { timeout: 120_000 }, () => {
  let mesh: TestMesh;
  beforeAll(async () => {
    mesh = await startTestMesh({ env: { ANALYZER_PACKS: join(packs, "moods") } });
  });
  afterAll(() => mesh?.stop());

  it("is a stage like the others: it answers, is announced, and has its metrics", async () => {
    expect(answered(await analyse(mesh.url, await sample("group-4")))).toEqual(withMood(4));
    expect(await analyzersAt(mesh.url)).toContain("mood");
    const metrics = await (await fetch(mesh.metricsUrl)).text();
    expect(metrics).toMatch(/similarfaces_stage_messages_total\{stage="mood",outcome="done"\} 4/);
  });

  it("another one joins while the mesh runs, is seen by whoever looks, and goes again", async () => {
    const reading = new AbortController();
    onTestFinished(() => reading.abort());
    const { body } = await fetch(`${mesh.url}/v1/analyzers`, {
      headers: { accept: "text/event-stream" },
      signal: reading.signal,
    });
    let seen = "";
    void (async () => {
      for await (const text of body!.pipeThrough(new TextDecoderStream())) seen += text;
    })().catch(() => {});
    const joined = spawn(process.execPath, [MAIN, "start", "--join", join(packs, "late")], {
      env: { ...process.env, DATA_DIR: mesh.dataDir, LOG_FORMAT: "json" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void joined.kill("SIGKILL"));
    const exited = new Promise((resolve) => joined.once("exit", resolve));
    let printed = "";
    joined.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
    await expect.poll(() => printed, { timeout: 60_000 }).toContain(`late-comer is served at ${mesh.url}`);
    await expect.poll(() => seen, { timeout: 10_000 }).toContain('"name":"late-comer"');
    expect(answered(await analyse(mesh.url, await sample("portrait-1")))).toEqual(
      [...withMood(1), "late-comer.0"].sort(),
    );
    joined.kill("SIGTERM");
    expect(await exited).toBe(0);
  });
});

describe("what is refused, in one sentence", { timeout: 120_000 }, () => {
  const start = (env: Record<string, string>, args: string[] = []) =>
    command(join(packs, "data"), ["start", ...args], env);

  it.each<[string, () => Record<string, string>, RegExp]>([
    [
      "two of one name",
      () => ({ ANALYZER_PACKS: join(packs, "twice") }),
      /there is an analyzer "emotion" already, in .*compact.emotion/,
    ],
    [
      "a name of the system itself",
      () => ({ ANALYZER_PACKS: join(packs, "reserved") }),
      /"match" is a name of the system itself/,
    ],
    ["an analyzer that no pack has", () => ({ STAGES: "extract,beard" }), /there is no analyzer "beard"/],
  ])("%s", async (_, env, words) => {
    for (const args of [[], ["--processes"]]) {
      const { code, stderr } = await start(env(), args);
      expect(code).toBe(1);
      expect(stderr).toMatch(words);
      expect(stderr.split(words).length).toBe(2);
    }
  });

  it("a graph that is too slow for the pool it would share", async () => {
    const { code, stderr } = await start({ ANALYZER_MS_MAX: "1" });
    expect(code).toBe(1);
    expect(stderr).toMatch(/takes \d.* ms for a chip, .*; give it a process of its own: ANALYZER=/);
    expect(stderr).toContain("mesh ended with code 2 and is not started again");
  });

  it("joining a mesh that does not run", async () => {
    const { code, stderr } = await start({}, ["--join", join(packs, "late")]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^No mesh runs on .*: ANALYZER_PACKS=.*late npm start\n$/);
  });
});
