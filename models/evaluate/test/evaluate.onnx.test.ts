import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { evaluate, type Evaluated } from "../src/evaluate.js";

const MODELS = fileURLToPath(new URL("../..", import.meta.url));
const GALLERY = join(MODELS, "samples", "gallery");
const FINDER = "compact-detect@2.0.0+float32, compact-refine@2.0.0+float32";
let data: string;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "similarfaces-eval-"));
});
afterEach(() => rm(data, { recursive: true, force: true }));

/** Faces of nobody: what the figures are is of no interest, that they are of the right pictures is. */
describe("models eval reads", () => {
  it("LFW's pairs", async () => {
    for (const [i, person] of ["Ann_One", "Bea_Two", "Cid_Three"].entries()) {
      await portrait(i + 1, `${person}/${person}_0001.jpg`);
      await smaller(i + 1, `${person}/${person}_0002.jpg`);
    }
    await portrait(4, "Dan_Four/Dan_Four_0001.jpg");
    const lines = ["1\t3", "Ann_One\t1\t2", "Bea_Two\t1\t2", "Cid_Three\t1\t2"];
    lines.push("Ann_One\t1\tBea_Two\t2", "Ann_One\t1\tCid_Three\t1", "Bea_Two\t1\tCid_Three\t1");
    await writeFile(join(data, "pairs.txt"), lines.join("\n"));
    const [pairs, all, ...others] = await measure();
    expect(others).toEqual([]);
    expect(pairs).toMatchObject({ name: "embed", model: "compact-embed@2.0.0+float32", finder: FINDER });
    expect(pairs!.measurement).toMatchObject({
      data: "trial, its pairs",
      n: 6,
      date: "2026-01-31",
      figures: { of: 6, genuine: 3, impostor: 3, true_matches_at_fmr: { "0.0001": 1, "0.000001": 1 } },
    });
    // Also of pictures that are in no pair.
    expect(all!.measurement).toMatchObject({
      data: "trial, every pair",
      n: 7,
      figures: { of: 7, people: 4, genuine: 3, impostor: 18, rank1: 1 },
    });
    expect(all!.forManifest?.calibration?.slope).toBeGreaterThan(0);
  });

  it("people in folders", async () => {
    for (const i of [1, 2]) {
      await portrait(i, `person-${i}/a.jpg`);
      await smaller(i, `person-${i}/b.jpg`);
    }
    const [result] = await measure();
    expect(result).toMatchObject({ name: "embed" });
    expect(result!.measurement.figures).toMatchObject({ people: 2, genuine: 2, impostor: 4, rank1: 1 });
  });

  it("labels in folders, whatever their spelling, and goes by without a picture that is none", async () => {
    await portrait(1, "Happy/1.jpg");
    await portrait(2, "neutral/2.jpg");
    await writeFile(join(data, "neutral", "3.jpg"), "no picture");
    const unreadable: string[] = [];
    const [result] = await measure({ onUnreadable: (file) => unreadable.push(file) });
    expect(result).toMatchObject({ name: "emotion", measurement: { n: 2, figures: { of: 3 } } });
    expect(result!.measurement.figures["confusion_rows_true"]).toHaveLength(7);
    expect(unreadable).toEqual([join(data, "neutral", "3.jpg")]);
  });

  it("years in folders", async () => {
    await portrait(1, "50/1.jpg");
    const [result] = await measure();
    expect(result).toMatchObject({ name: "age", measurement: { n: 1 } });
    expect(result!.measurement.figures["mae_years"]).toBeLessThan(40);
    expect(result!.measurement.figures["covered_by_80_percent_interval"]).toBeTypeOf("number");
  });

  it("UTKFace's names, groups and all", async () => {
    await portrait(1, "part1/50_1_1_20170101.jpg.chip.jpg");
    await portrait(40, "part2/25_0_2_20170102.jpg");
    const results = await measure();
    expect(results.map(({ name }) => name)).toEqual(["age", "gender", "race"]);
    const [age, gender, race] = results.map(({ measurement }) => measurement.figures);
    expect(age).toMatchObject({
      mae_by_age: { "20-29": [expect.any(Number), 1], "50-59": [expect.any(Number), 1] },
    });
    expect(Object.keys(gender!["by_race"] as object)).toEqual(["Asian", "Black"]);
    // Five groups, over the model's seven.
    expect(race!["confusion_rows_true"]).toHaveLength(5);
    expect(results[2]!.labels).toEqual(["White", "Black", "Asian", "Indian", "Other"]);
  });

  it("FairFace's csv, also where a spreadsheet has been at it", async () => {
    await portrait(1, "val/1.jpg");
    await portrait(2, "val/2.jpg");
    const csv =
      "file,age,gender,race,service_test\nval/1.jpg,40-49,Female,Black,True\nval/2.jpg,03-Sep,Male,Latino_Hispanic,False\nval/3.jpg,0-2,Male,White,False\n";
    await writeFile(join(data, "fairface_label_val.csv"), csv);
    const results = await measure();
    expect(results.map(({ name, measurement }) => [name, measurement.n])).toEqual([
      ["age", 2],
      ["gender", 2],
      ["race", 2],
    ]);
    expect(Object.keys(results[0]!.measurement.figures["by_age"] as object)).toEqual(["3-9", "40-49"]);
  });

  it("scenes with boxes", async () => {
    await cp(join(MODELS, "samples/photos/group-4.jpg"), join(data, "scenes/group-4.jpg"));
    await cp(join(MODELS, "samples/photos/nobody.jpg"), join(data, "nobody.jpg"));
    const boxes = [
      [360, 574, 150],
      [760, 533, 170],
      [1160, 554, 160],
    ].map(([x, y, side]) => `scenes/group-4.jpg,${x! - side! / 2},${y! - side! / 2},${side},${side}`);
    await writeFile(join(data, "boxes.csv"), ["file,x,y,width,height", ...boxes].join("\n"));
    const [result] = await measure();
    expect(result).toMatchObject({ name: "detect", measurement: { n: 3 } });
    const figures = result!.measurement.figures;
    expect(figures).toMatchObject({ faces: 3, images: 1, scenes_without_faces: 1 });
    // The fourth face of the picture is not in the list.
    expect((figures["by_threshold"] as Record<string, object>)["0.5"]).toEqual({
      recall: 1,
      unmatched: 1,
      false_alarms: 0,
    });
  });
});

it("models eval measures an analyzer of anybody, by its folder alone, with the faces that another pack's detector finds", async () => {
  const folder = join(data, "..", `${basename(data)}-pack`, "mood");
  try {
    await cp(join(MODELS, "compact", "emotion"), folder, { recursive: true });
    await portrait(1, "happy/1.jpg");
    const results = await measure({ pack: folder });
    expect(results).toMatchObject([
      { name: "mood", answer: "emotion", finder: FINDER, measurement: { n: 1 } },
    ]);
  } finally {
    await rm(dirname(folder), { recursive: true, force: true });
  }
});

describe("models eval refuses", () => {
  it("a folder in no known layout, and one whose list does not fit it", async () => {
    await expect(measure()).rejects.toThrow(/holds neither pairs\.txt/);
    await writeFile(join(data, "pairs.txt"), "1\t1\nAnn_One\t1\t2\nAnn_One\t1\tBea_Two\t1\n");
    await expect(measure()).rejects.toThrow(
      /pairs\.txt: line 2 names picture 1 of "Ann_One", which is not there/,
    );
    await rm(join(data, "pairs.txt"));
    await writeFile(join(data, "boxes.csv"), "file,x,y,width,height\na.jpg,1,2,,4\n");
    await expect(measure()).rejects.toThrow(/boxes\.csv: line 2, field width, "" is no number/);
  });

  it("a pack that does not exist, and data that says nothing of what the pack knows", async () => {
    await portrait(1, "Ann/1.jpg");
    await expect(measure({ pack: "nowhere" })).rejects.toThrow(/there is no pack "nowhere"/);
    await expect(measure({ pack: "yunet" })).rejects.toThrow(
      /says nothing of what the pack "yunet" knows \(detect\)/,
    );
  });
});

function measure(options: Partial<Parameters<typeof evaluate>[0]> = {}): Promise<Evaluated[]> {
  return evaluate({
    modelsDir: MODELS,
    pack: "compact",
    data,
    dataName: "trial",
    date: "2026-01-31",
    workers: 1,
    precision: { usual: "float32", of: {} },
    ...options,
  });
}

async function portrait(number: number, to: string): Promise<void> {
  await mkdir(dirname(join(data, to)), { recursive: true });
  await cp(file(number), join(data, to));
}

async function smaller(number: number, to: string): Promise<void> {
  await mkdir(dirname(join(data, to)), { recursive: true });
  await sharp(file(number)).resize(150).jpeg({ quality: 70 }).toFile(join(data, to));
}

function file(number: number): string {
  return join(GALLERY, `composite-${String(number).padStart(3, "0")}.jpg`);
}
