import type { Manifest, ManifestAnswer } from "@similarfaces/inference";
import { describe, expect, it } from "vitest";
import { answersOf, type NamedModel } from "../src/answers.js";
import type { FacePhoto, FacesData } from "../src/dataset.js";
import { measurablesOf } from "../src/measurable.js";

/** Models of no pack that there is, under names that no source knows. */
const mask = analyzer("mask", classification("mask", "bare face", "covered"));
const pose = analyzer(
  "pose",
  measure("yaw", {
    unit: "degrees",
    bins: { first: -90, width: 45, count: 5 },
    min: -80,
    max: 80,
    interval: 0.5,
    decimals: 1,
  }),
  measure("tilt", { unit: "degrees", bins: { first: 0, width: 1, count: 3 } }),
  measure("sharpness", { unit: "" }),
);
const vector: NamedModel = { name: "embed", manifest: { task: "embed" } as Manifest };
const boxes: NamedModel = { name: "detect", manifest: { task: "detect" } as Manifest };
const looks: NamedModel = { name: "refine", manifest: { task: "refine" } as Manifest };
const pack = [boxes, looks, vector, pose, mask];

function analyzer(name: string, ...answers: object[]): NamedModel {
  return { name, manifest: { task: "analyze", answers } as unknown as Manifest };
}

function classification(name: string, ...labels: string[]): object {
  return { name, classification: { labels: labels.map((label) => ({ label })) } };
}

function measure(name: string, spec: Partial<ManifestAnswer["measure"]>): object {
  return { name, measure: spec };
}

it("a manifest says what kinds of answers its model gives, whatever they are called", () => {
  expect(pack.flatMap(answersOf)).toEqual([
    { kind: "detection", name: "detect" },
    { kind: "embedding", name: "embed" },
    {
      kind: "measure",
      name: "yaw",
      unit: "degrees",
      range: [-80, 80],
      bins: [-90, -45, 0, 45, 90],
      interval: { share: 0.5, decimals: 1 },
    },
    { kind: "measure", name: "tilt", unit: "degrees", range: [0, 2], bins: [0, 1, 2] },
    { kind: "measure", name: "sharpness", unit: "" },
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
  const answersFor = (data: FacesData, models = pack) =>
    measurablesOf(data, models).map(({ name, answer }) => `${name}: ${answer.name}`);

  it("is every answer that it names, and no other", () => {
    const photos = [photo("1.jpg", { truths: { mask: "covered", yaw: 12, hat: "no" } })];
    const measured = measurablesOf({ kind: "faces", photos }, pack);
    expect(measured.map(({ name, answer, truth }) => [name, answer.name, truth(photos[0]!)])).toEqual([
      ["pose", "yaw", 12],
      ["mask", "mask", "covered"],
    ]);
  });

  it("is the classification whose labels its folders are, in whatever spelling", () => {
    const data = inFolders("Bare_Face", "covered");
    expect(answersFor(data)).toEqual(["mask: mask"]);
    expect(data.photos.map(measurablesOf(data, pack)[0]!.truth)).toEqual(["bare face", "covered"]);
  });

  it("is the measure whose values its folders may be, else the people that they are named after", () => {
    expect(answersFor(inFolders("-7.5", "80"))).toEqual(["pose: yaw"]);
    expect(answersFor(inFolders("0", "91"), [vector, mask])).toEqual(["embed: embed"]);
    expect(answersFor(inFolders("0", "91"))).toEqual(["pose: sharpness"]);
    expect(answersFor(inFolders("Ann", "Bea"))).toEqual(["embed: embed"]);
    expect(answersFor(inFolders("Ann", "Bea"), [mask])).toEqual([]);
  });

  it("is refused where it has a label that the model does not know", () => {
    const photos = [photo("1.jpg", { truths: { mask: "half" } })];
    expect(() => measurablesOf({ kind: "faces", photos }, pack)).toThrow(
      'the data has the label "half" for mask, the manifest\'s field answers has bare face, covered',
    );
  });
});
