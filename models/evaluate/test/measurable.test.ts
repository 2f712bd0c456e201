import type { Manifest } from "@similarfaces/inference";
import { describe, expect, it } from "vitest";
import { answersOf } from "../src/answers.js";
import type { FacePhoto, FacesData } from "../src/dataset.js";
import { measurablesOf } from "../src/measurable.js";

/** Models of no pack that there is, under names that no source knows. */
const mask = model("mask", { labels: ["bare face", "covered"] });
const yaw = model("yaw", {
  outputs: [
    { name: "degrees", dtype: "float32", shape: ["n"] },
    { name: "probabilities", dtype: "float32", shape: ["n", 91] },
  ],
});
const vector = model("vector", { outputs: [{ name: "embedding", dtype: "float32", shape: ["n", 512] }] });
const boxes = model("boxes", { decoder: "cells" });
const pack = [boxes, vector, yaw, mask];

function model(task: string, fields: Partial<Manifest>): Manifest {
  return { task, outputs: [], ...fields } as unknown as Manifest;
}

it("a manifest says what kind of answer its model gives, whatever the model is called", () => {
  expect(pack.flatMap(answersOf)).toEqual([
    { kind: "detection", name: "boxes" },
    { kind: "embedding", name: "vector" },
    { kind: "measure", name: "yaw", unit: "degrees", max: 90 },
    { kind: "classification", name: "mask", labels: ["bare face", "covered"] },
  ]);
});

describe("what a data set has the truth for", () => {
  const photo = (file: string, rest: Partial<FacePhoto>): FacePhoto => ({
    file,
    truths: {},
    groups: {},
    ...rest,
  });
  const inFolders = (...folders: string[]): FacesData => ({
    kind: "faces",
    photos: folders.map((folder) => photo("1.jpg", { folder })),
  });
  const tasksOf = (data: FacesData, models = pack) => measurablesOf(data, models).map(({ task }) => task);

  it("is every answer that it names, and no other", () => {
    const photos = [photo("1.jpg", { truths: { mask: "covered", yaw: 12, hat: "no" } })];
    const measured = measurablesOf({ kind: "faces", photos }, pack);
    expect(measured.map(({ task, truth }) => [task, truth(photos[0]!)])).toEqual([
      ["yaw", 12],
      ["mask", "covered"],
    ]);
  });

  it("is the classification whose labels its folders are, in whatever spelling", () => {
    const data = inFolders("Bare_Face", "covered");
    expect(tasksOf(data)).toEqual(["mask"]);
    expect(data.photos.map(measurablesOf(data, pack)[0]!.truth)).toEqual(["bare face", "covered"]);
  });

  it("is the measure whose values its folders may be, else the people that they are named after", () => {
    expect(tasksOf(inFolders("0", "90"))).toEqual(["yaw"]);
    expect(tasksOf(inFolders("0", "91"))).toEqual(["vector"]);
    expect(tasksOf(inFolders("Ann", "Bea"))).toEqual(["vector"]);
    expect(tasksOf(inFolders("Ann", "Bea"), [mask])).toEqual([]);
  });

  it("is refused where it has a label that the model does not know", () => {
    const photos = [photo("1.jpg", { truths: { mask: "half" } })];
    expect(() => measurablesOf({ kind: "faces", photos }, pack)).toThrow(
      'the data has the label "half" for mask, the manifest\'s field labels has bare face, covered',
    );
  });
});
