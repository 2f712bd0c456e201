import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Gateway } from "@similarfaces/client";
import type { AnalysisJson } from "@similarfaces/contracts";
import { CHROMIUM, give, openBrowser, photo } from "../../../ui/test/browser.js";
import { ANALYZERS, ANALYZERS_APART, analyse, sample, snapshot } from "./client.js";
import { command } from "./command.js";
import { startTestMesh, type TestMesh } from "./mesh.js";

const PHOTO = "models/samples/photos/portrait-1.jpg";

/** What somebody is shown of a photo who does not ask which analyzer it is from. */
interface Shown {
  stages: string[];
  /** The answers that are announced. */
  announced: unknown[];
  /** Of the photo's one face. */
  answers: unknown[];
  /** The command line's lines of answers, without the stage's name and the times. */
  lines: string[];
  /** The table that the command line writes. */
  table: string;
  /** The card's fields on the page, by title and words; none without Chromium. */
  card: string[];
}

async function cardOf(mesh: TestMesh): Promise<string[]> {
  if (!CHROMIUM) return [];
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(mesh.url);
    await give(page, photo("portrait-1"));
    const done = page.locator('[data-face="0"] .face-fields .field[data-state="done"]');
    await done.nth(3).waitFor();
    const texts = await done.evaluateAll((fields) =>
      fields.map((field) =>
        [".field-name", ".answer-words > :last-child", ".answer-caution"]
          .map((part) => field.querySelector(part)?.textContent ?? "")
          .join(": "),
      ),
    );
    return texts;
  } finally {
    await browser.close();
  }
}

async function shownBy(mesh: TestMesh): Promise<Shown> {
  const analyzers = (await new Gateway({ url: mesh.url }).analyzers()).filter(
    ({ name }) => name !== "quality",
  );
  const stages = analyzers.map(({ name }) => name);
  const { jobId } = await analyse(mesh.url, await sample("portrait-1"));
  const { faces } = await snapshot(mesh.url, jobId);
  const answers = stages.flatMap((stage) => {
    const field = faces[0]!.fields[stage];
    if (field?.state !== "done") throw new Error(`${stage} is ${field?.state}`);
    return (field.value as AnalysisJson).answers;
  });
  const csv = join(mesh.dataDir, "faces.csv");
  const { stdout } = await command(mesh.dataDir, ["analyze", PHOTO, "--csv", csv]);
  return {
    stages,
    announced: analyzers.flatMap((analyzer) => analyzer.answers),
    answers,
    card: await cardOf(mesh),
    table: await readFile(csv, "utf8"),
    lines: stdout.split("\n").filter((line) => stages.some((stage) => line.includes(` ${stage} `))),
  };
}

async function shownIn(env: Record<string, string>): Promise<Shown> {
  const mesh = await startTestMesh({ env });
  try {
    return await shownBy(mesh);
  } finally {
    await mesh.stop();
  }
}

describe("age, gender and race from one run", { timeout: 120_000 }, () => {
  let joint: Shown;
  let apart: Shown;
  beforeAll(async () => {
    joint = await shownIn({});
    apart = await shownIn({ MODEL_PACK: "compact" });
  }, 120_000);

  it("is one analyzer in the place of three, unless the packs are chosen", () => {
    expect(joint.stages).toEqual(ANALYZERS);
    expect(apart.stages).toEqual(ANALYZERS_APART);
  });

  it("says the same in the same order, and is announced in the same words", () => {
    expect(joint.announced).toEqual(apart.announced);
    expect(joint.answers).toEqual(apart.answers);
  });

  it.skipIf(!CHROMIUM)("has the same fields in the card (needs Chromium)", () => {
    expect(joint.card).toEqual(apart.card);
    expect(apart.card.some((text) => text.startsWith("Age: Looks "))).toBe(true);
  });

  it("is on the command line, in the same words, and in the same table", () => {
    expect(joint.table).toBe(apart.table);
    const text = joint.lines.join("\n");
    for (const line of apart.lines) {
      const words = / (?:age|gender|emotion|race) +(.*?) +wait /.exec(line)![1]!;
      expect(text).toContain(words);
    }
  });
});
