import { expect, it } from "vitest";
import type { JobState } from "@similarfaces/contracts";
import { FaceTable } from "../src/commands/faceTable.js";

const measure = (name: string, value: number) => ({ name, measure: { value } });
const label = (name: string, text: string) => ({
  name,
  classification: { label: text, probability: 0.9 },
});

/** A job with one face, to which these stages have answered. */
function jobOf(fields: Record<string, object[]>): JobState {
  const box = { x: 1, y: 2, width: 3, height: 4 };
  const done = Object.entries(fields).map(([stage, answers]) => [
    stage,
    { state: "done", value: { answers } },
  ]);
  const face = { index: 0, box, score: 0.5, fields: Object.fromEntries(done) };
  const extract = {
    state: "done",
    value: { size: { width: 10, height: 10 }, turned: 0, faces: [{ index: 0, box }] },
  };
  return { accepted: { stages: Object.keys(fields) }, extract, faces: [face] } as unknown as JobState;
}

function tableOf(fields: Record<string, object[]>): string[] {
  const table = new FaceTable();
  table.add("a.jpg", jobOf(fields), undefined);
  return table.text().trimEnd().split("\r\n");
}

it("is the same whether three analyzers give three answers or one gives them all", () => {
  const [age, gender, race] = [measure("age", 31), label("gender", "male"), label("race", "White")];
  const joint = tableOf({ attributes: [age, gender, race] });
  expect(joint).toEqual(tableOf({ age: [age], gender: [gender], race: [race] }));
  expect(joint[0]).toBe(
    "file,face,x,y,width,height,score,age,gender,gender probability,race,race probability,match,similarity,likeness,false positive rate,likelihood,problem",
  );
});

it("says whose answer it is where two analyzers have one of the same name, and of a stage of the table", () => {
  const [head] = tableOf({
    quality: [measure("quality", 0.9), measure("sharpness", 0.5)],
    age: [measure("age", 31)],
    attributes: [measure("age", 30)],
  });
  expect(head).toContain(",quality,quality.sharpness,age,attributes.age,");
});
