import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Gateway } from "@similarfaces/client";
import { CHROMIUM, give, openBrowser, photo, visit } from "../../../ui/test/browser.js";
import { ANALYZERS_APART, allAnswers, analyse, answered, sample, snapshot } from "./client.js";
import { command } from "./command.js";
import { startTestMesh, type TestMesh } from "./mesh.js";

const EMOTION = fileURLToPath(new URL("../../../models/compact/emotion", import.meta.url));

/** Folders that somebody has brought along: copies of one of ours under other names. */
let packs: string;
beforeAll(async () => {
  packs = await mkdtemp(join(tmpdir(), "similarfaces-packs-"));
  for (const folder of ["moods/mood", "twice/emotion", "reserved/match"])
    await cp(EMOTION, join(packs, folder), { recursive: true });
});
afterAll(() => rm(packs, { recursive: true, force: true }));

/** Everything that is served here: one of our own that is off by default, and a copied folder. */
const OWN = ["mask", "mood"];

describe.each([
  ["in one process", false],
  ["a process each", true],
])("folders in ANALYZER_PACKS, %s", { timeout: 120_000 }, (_, processes) => {
  let mesh: TestMesh;
  beforeAll(async () => {
    const env = { ANALYZER_PACKS: `extra,${join(packs, "moods")}`, LOG_LEVEL: "info", LOG_FORMAT: "json" };
    mesh = await startTestMesh({ processes, env });
  });
  afterAll(() => mesh?.stop());

  it("are announced as soon as they are there", async () => {
    const gateway = new Gateway({ url: mesh.url });
    const names = async () => (await gateway.analyzers()).map(({ name }) => name);
    await expect.poll(names, { timeout: 60_000 }).toEqual(expect.arrayContaining(OWN));
  });

  it("answer in the events and in the job, like the others", async () => {
    const seen = await analyse(mesh.url, await sample("group-4"));
    expect(answered(seen)).toEqual(allAnswers(4, [...ANALYZERS_APART, ...OWN]));
    const { faces } = await snapshot(mesh.url, seen.jobId);
    for (const { fields } of faces) {
      expect(fields["mask"]).toMatchObject({
        state: "done",
        model: expect.stringMatching(/^extra-mask@2\.0\.0\+(int8|float32)$/),
        value: { answers: [{ name: "mask", classification: { label: "bare" } }] },
      });
      const [emotion, mood] = [fields["emotion"], fields["mood"]];
      if (emotion?.state !== "done" || mood?.state !== "done") throw new Error("not everything is answered");
      // The same graph under two names says the same.
      expect(mood.value).toEqual(emotion.value);
    }
  });

  it("have their series, by the label of the stage", async () => {
    for (const stage of OWN) {
      expect(await metricsOf(stage)).toMatch(
        new RegExp(`^similarfaces_stage_messages_total\\{stage="${stage}",outcome="done"\\} [1-9]`, "m"),
      );
    }
  });

  it("answer on the command line in the words of their announcements", async () => {
    const files = ["models/samples/photos/portrait-1.jpg"];
    const { code, stdout, stderr } = await command(mesh.dataDir, ["analyze", ...files]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/ face 1 {2}mask +probably no mask \d+% +wait \d+ ms, work \d+ ms$/m);
    const wordsOf = (stage: string) => new RegExp(` ${stage} +(\\S.*)%`).exec(stdout)?.[1];
    expect(wordsOf("mood")).toBe(wordsOf("emotion"));
  });

  it.skipIf(!CHROMIUM)("have a row in the card and one in the legend of times (needs Chromium)", async () => {
    const browser = await openBrowser();
    try {
      const { page, problems } = await visit(browser, mesh.url);
      await give(page, photo("portrait-1"));
      await page.locator('.fall-figure[data-known="true"]').nth(1).waitFor({ timeout: 60_000 });
      const field = (stage: string) => page.locator(`.field[data-stage="${stage}"][data-state="done"]`);
      expect(await field("mask").innerText()).toMatch(
        /^Mask\s+Probably no mask\s+no mask\s+\d+%\s+a mask\s+\d+%/,
      );
      expect(await field("mask").innerText()).toContain("It is no check of health or safety.");
      expect(await field("mood").innerText()).toBe(await field("emotion").innerText());
      const legend = await page.locator('.fall-row[data-state="done"] th').allInnerTexts();
      expect(legend).toEqual(expect.arrayContaining(["extract", "emotion", ...OWN]));
      expect(problems).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  /** Of the process in which the stage runs; each says in its log where it serves them. */
  async function metricsOf(stage: string): Promise<string> {
    if (!processes) return (await fetch(mesh.metricsUrl)).text();
    const lines = mesh.output().split("\n");
    const served = lines.find((line) => line.includes(`"service":"${stage}"`) && line.includes('"port":'));
    const { port } = JSON.parse(served!) as { port: number };
    return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  }
});

describe("what is refused, in one sentence", { timeout: 120_000 }, () => {
  const start = (env: Record<string, string>, ...args: string[]) =>
    command(join(packs, "data", ...args), ["start", ...args], env);

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
    ["a pack that there is not", () => ({ ANALYZER_PACKS: "beards" }), /beards/],
    ["an analyzer that no pack has", () => ({ STAGES: "extract,beard" }), /there is no analyzer "beard"/],
  ])("%s", async (_, env, words) => {
    // In one process it is the mesh that refuses, else the supervisor.
    for (const { code, stderr } of await Promise.all([start(env()), start(env(), "--processes")])) {
      expect(code).toBe(1);
      expect(stderr).toMatch(words);
      expect(stderr.split(words).length).toBe(2);
    }
  });

  it("a graph that is too slow for the pool it would share", async () => {
    const { code, stderr } = await start({ ANALYZER_MS_MAX: "1", MODEL_PRECISION: "float32" });
    expect(code).toBe(1);
    expect(stderr).toMatch(/takes \d.* ms for a chip, .*; give it a process of its own: ANALYZER=/);
    expect(stderr).toContain("mesh ended with code 2 and is not started again");
  });
});
