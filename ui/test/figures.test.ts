import type { ModelAbout } from "@similarfaces/contracts/api";
import { readFile, readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { describeFigures } from "../src/about/figures";
import { headlineOf } from "../src/about/headline";
import { variantsOf } from "../src/about/variants";
import { isNamed, variantOf } from "../src/modelNames";

const PACK = new URL("../../models/compact/", import.meta.url);
/** Its folders; beside them lies the licence. */
const tasksOf = async () =>
  (await readdir(PACK, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
/** A manifest is all that is said of a model, but for which variant runs. */
const manifestOf = async (task: string): Promise<ModelAbout> =>
  JSON.parse(await readFile(new URL(`${task}/manifest.json`, PACK), "utf8")) as ModelAbout;

const judged = (figure: ModelAbout["figure"], ...figures: number[]): ModelAbout => ({
  pack: "p",
  name: "m",
  id: "m",
  version: "2.0.0",
  task: "embed",
  licence: "",
  source: "",
  measured: [],
  ...(figure && { figure }),
  variants: figures.map((value, at) => ({
    precision: at === 0 ? "float32" : "int8",
    bytes: 2_000_000,
    figure: value,
    measured: [],
  })),
});
const LFW: ModelAbout["figure"] = { name: "LFW 6,000 pairs, accuracy", better: "higher", lossMax: 0.003 };

describe("what was measured, in words", () => {
  it("has a sentence for every model of the pack", async () => {
    for (const task of await tasksOf()) {
      expect(headlineOf(await manifestOf(task)), task).toMatch(/\d/);
    }
  });

  it("says how far the best and the worst group are apart", () => {
    const { groups } = describeFigures({ by_race: { White: 0.9175, Black: 0.8363 } });
    expect(groups[0]).toMatchObject({
      title: "Right, by race label",
      spread: "Best for White (92%), worst for Black (84%).",
      rows: [{ name: "White", share: 0.9175, text: "92%" }, { name: "Black" }],
    });
  });

  it("counts years down: the least is the best, the most fills the bar", () => {
    const { groups } = describeFigures({ mae_by_age: { "0-9": [1.68, 306], "70-100": [9.07, 128] } });
    expect(groups[0]!.spread).toBe("Best for 0-9 (1.7 years), worst for 70-100 (9.1 years).");
    expect(groups[0]!.rows[1]).toEqual({ name: "70-100", share: 1, text: "9.1 years" });
  });

  it("claims no difference where the figures show none", () => {
    const { groups } = describeFigures({ by_gender: { male: 0.626, female: 0.6294 } });
    expect(groups[0]!.spread).toBe("There's no difference between the groups.");
  });

  it("writes rates of false matches as one in so many, and calls none of them the best", () => {
    const { groups } = describeFigures({ tmr_at_fmr: { "0.001": 0.7198, "1e-05": 0.2967 } });
    expect(groups[0]!.rows.map(({ name }) => name)).toEqual(["1 in 1,000", "1 in 100,000"]);
    expect(groups[0]!.spread).toBe("");
  });

  it("tells a share that is named after a percentage from a percentage", () => {
    const { facts } = describeFigures({
      covered_by_80_percent_interval: 0.8161,
      landmark_error_percent_of_side: 3.2,
      median_width_of_interval_years: 12,
      cosine_mean: 0.9906,
    });
    expect(facts.map(({ text }) => text)).toEqual(["82%", "3.2%", "12.0 years", "0.99"]);
  });

  it("leaves no figure of the pack out", async () => {
    for (const task of await tasksOf()) {
      const { variants } = await manifestOf(task);
      for (const { figures } of variants.flatMap(({ measured }) => measured)) {
        const { facts, groups, tables, confusion } = describeFigures(figures);
        const shown = facts.length + groups.length + tables.length + (confusion ? 1 : 0);
        expect(shown, task).toBe(Object.keys(figures).length);
      }
    }
  });
});

describe("the variants of a model", () => {
  it("stand side by side with what they are compared by, and what may be lost", async () => {
    const { table, words } = variantsOf({ ...judged(LFW, 0.9922, 0.9898), precision: "int8" })!;
    expect(table.columns).toEqual(["LFW 6,000 pairs, accuracy", "file"]);
    expect(table.rows).toEqual([
      { name: "float32", cells: ["99.2%", "2.0 MB"] },
      { name: "int8, runs", cells: ["99.0%", "2.0 MB"] },
    ]);
    expect(words).toContain("no more than 0.3 percentage points worse");
    const age = variantsOf(await manifestOf("age"))!;
    expect(age.table.rows.map(({ cells }) => cells[0])).toEqual([
      expect.stringMatching(/^\d\.\d\d years$/),
      expect.stringMatching(/^\d\.\d\d years$/),
    ]);
    expect(age.words).toContain("no more than 0.15 years worse");
  });

  it("are nothing to choose from where there is one", () => {
    expect(variantsOf(judged(LFW, 0.99))).toBeUndefined();
  });

  it("have a table for every model of the pack", async () => {
    for (const task of await tasksOf()) {
      const { table } = variantsOf(await manifestOf(task))!;
      expect(
        table.rows.flatMap(({ cells }) => cells).every((cell) => /\d/.test(cell)),
        task,
      ).toBe(true);
    }
  });

  it("give the headline: the one that runs, by the figure where nothing was measured that says more", () => {
    expect(headlineOf(judged(LFW, 0.9922, 0.9698))).toContain("in 99 of 100 pairs");
    expect(headlineOf({ ...judged(LFW, 0.9922, 0.9698), precision: "int8" })).toContain("in 97 of 100 pairs");
    expect(headlineOf(judged(undefined, 0.5))).toBeUndefined();
  });
});

describe("the names of models in results", () => {
  const model = judged(LFW, 0.9922, 0.9898);

  it("are those of a model in any of its variants, alone or beside others", () => {
    for (const name of ["m@2.0.0", "m@2.0.0+int8", "other@1.0.0, m@2.0.0+float32"])
      expect(isNamed(model, name), name).toBe(true);
    for (const name of ["", "m@2.0.01", "am@2.0.0", "m@2.0"]) expect(isNamed(model, name), name).toBe(false);
  });

  it("say which variant it was; else it is the one that runs, or the first", () => {
    expect(variantOf(model, "other@1.0.0+float32, m@2.0.0+int8")?.precision).toBe("int8");
    expect(variantOf({ ...model, precision: "int8" }, "m@2.0.0")?.precision).toBe("int8");
    expect(variantOf(model)?.precision).toBe("float32");
  });
});
