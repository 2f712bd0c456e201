import { readFile, readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { ModelAbout } from "@similarfaces/contracts/api";
import { describeFigures, headlineOf } from "../src/about/figures";

const PACK = new URL("../../models/compact/", import.meta.url);
/** Its folders; beside them lies the licence. */
const tasksOf = async () =>
  (await readdir(PACK, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
const manifestOf = async (task: string): Promise<ModelAbout> =>
  JSON.parse(await readFile(new URL(`${task}/manifest.json`, PACK), "utf8")) as ModelAbout;

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
      spread: "Best for White (92 %), worst for Black (84 %).",
      rows: [{ name: "White", share: 0.9175, text: "92 %" }, { name: "Black" }],
    });
  });

  it("counts years down: the least is the best, the most fills the bar", () => {
    const { groups } = describeFigures({ mae_by_age: { "0-9": [1.68, 306], "70-100": [9.07, 128] } });
    expect(groups[0]!.spread).toBe("Best for 0-9 (1.7 years), worst for 70-100 (9.1 years).");
    expect(groups[0]!.rows[1]).toEqual({ name: "70-100", share: 1, text: "9.1 years" });
  });

  it("claims no difference where the figures show none", () => {
    const { groups } = describeFigures({ by_gender: { male: 0.626, female: 0.6294 } });
    expect(groups[0]!.spread).toBe("No difference between the groups.");
  });

  it("writes rates of false matches as one in so many, and calls none of them the best", () => {
    const { groups } = describeFigures({ tmr_at_fmr: { "0.001": 0.7198, "1e-05": 0.2967 } });
    expect(groups[0]!.rows.map(({ name }) => name)).toEqual(["1 in 1,000", "1 in 100,000"]);
    expect(groups[0]!.spread).toBe("");
  });

  it("leaves no figure of the pack out", async () => {
    for (const task of await tasksOf()) {
      const { measured } = await manifestOf(task);
      for (const { figures } of measured) {
        const { facts, groups, tables, confusion } = describeFigures(figures);
        const shown = facts.length + groups.length + tables.length + (confusion ? 1 : 0);
        expect(shown, task).toBe(Object.keys(figures).length);
      }
    }
  });
});
