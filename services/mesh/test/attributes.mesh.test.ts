import { beforeAll, describe, expect, it } from "vitest";
import { Gateway } from "@similarfaces/client";
import type { AnalysisJson } from "@similarfaces/contracts";
import { CHROMIUM, give, openBrowser, photo } from "../../../ui/test/browser.js";
import { analyse, sample, snapshot } from "./client.js";
import { command } from "./command.js";
import { startTestMesh, type TestMesh } from "./mesh.js";

const PHOTO = "models/samples/photos/portrait-1.jpg";

/** What somebody is shown of a photo who does not ask which analyzer it is from. */
interface Shown {
  stages: string[];
  /** Announced, by name. */
  announced: unknown[];
  /** Of the photo's one face, by name. */
  answers: unknown[];
  /** The command line's lines of answers, without the stage's name and the times. */
  lines: string[];
  /** The card's fields on the page, by title and words; none without Chromium. */
  card: string[];
}

const byName = <T extends { name: string }>(list: T[]) => list.toSorted((a, b) => (a.name < b.name ? -1 : 1));

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
    return texts.toSorted();
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
  const { stdout } = await command(mesh.dataDir, ["analyze", PHOTO]);
  return {
    stages,
    announced: byName(analyzers.flatMap((analyzer) => analyzer.answers)),
    answers: byName(answers),
    card: await cardOf(mesh),
    lines: stdout.split("\n").filter((line) => stages.some((stage) => line.includes(` ${stage} `))),
  };
}

describe("age, gender and race from one run", { timeout: 120_000 }, () => {
  let joint: Shown;
  let apart: Shown;
  beforeAll(async () => {
    for (const env of [{ ANALYZER_PACKS: "compact-attributes" }, {}]) {
      const mesh = await startTestMesh({ env });
      try {
        if ("ANALYZER_PACKS" in env) joint = await shownBy(mesh);
        else apart = await shownBy(mesh);
      } finally {
        await mesh.stop();
      }
    }
  }, 120_000);

  it("is one analyzer in the place of three", () => {
    expect(joint.stages).toEqual(["attributes", "emotion"]);
    expect(apart.stages).toEqual(["age", "gender", "emotion", "race"]);
  });

  it("says the same, and is announced in the same words", () => {
    expect(joint.announced).toEqual(apart.announced);
    expect(joint.answers).toEqual(apart.answers);
  });

  it.skipIf(!CHROMIUM)("has the same fields in the card (needs Chromium)", () => {
    expect(joint.card).toEqual(apart.card);
    expect(apart.card.some((text) => text.startsWith("Age: Looks "))).toBe(true);
  });

  it("is on the command line, in the same words", () => {
    const text = joint.lines.join("\n");
    for (const line of apart.lines) {
      const words = / (?:age|gender|emotion|race) +(.*?) +wait /.exec(line)![1]!;
      expect(text).toContain(words);
    }
  });
});
