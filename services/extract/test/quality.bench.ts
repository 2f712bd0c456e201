/**
 * What models still say of a face of so much detail: why faces below FACE_FLOOR are skipped, and enrolment warns.
 *
 *   npx tsx services/extract/test/quality.bench.ts [FOLDER_OF_PORTRAITS]
 *
 * Each portrait (those of nobody in models/samples/gallery without an argument) is made small and blurred; what is then said of it is
 * compared with what is said of the portrait as it is.
 */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { openInference } from "@similarfaces/inference";
import { cutChip } from "../src/faces/chips.js";
import { decodePhoto } from "../src/photo/decodePhoto.js";
import { finderOf } from "../src/faces/finder.js";
import { qualityOf } from "../src/faces/quality.js";
import { viewsOf } from "../src/faces/views.js";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const folder = process.argv[2] ?? join(MODELS, "samples", "gallery");
/** Pixels of the face. */
const WIDTHS = [10, 12, 14, 16, 18, 21, 24, 28, 32, 40, 48, 64];
/** Standard deviation of a Gaussian, percent of the face's width. */
const BLURS = [2, 3, 4, 5, 6, 7, 8, 10];
const DETAILS = [0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1];
const NAMES = ["detect", "refine", "embed", "age", "gender", "emotion"];

const inference = await openInference({ modelsDir: MODELS, models: NAMES, pack: "compact", workers: 2 });
const finder = finderOf(inference);

interface Seen {
  detail: number;
  width: number;
  ms: number;
  gender: number;
  emotion: number;
  years: number;
  embedding: Float32Array;
}

const rows: { seen: Seen; truth: Seen }[] = [];
const portraits = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".jpg"));
for (const name of portraits.toSorted()) {
  const portrait = await readFile(join(folder, name));
  const truth = await see(portrait);
  if (!truth) continue;
  rows.push({ seen: truth, truth });
  for (const photo of [
    ...WIDTHS.map((width) => smaller(portrait, width / truth.width)),
    ...BLURS.map((blur) =>
      sharp(portrait)
        .blur((blur / 100) * truth.width)
        .jpeg({ quality: 92 })
        .toBuffer(),
    ),
  ]) {
    const seen = await see(await photo);
    if (seen) rows.push({ seen, truth });
  }
}
await inference.close();

console.log("detail from | faces | another gender, % | another emotion, % | years off | cosine | ms");
for (const [index, from] of DETAILS.entries()) {
  const some = rows.filter(
    ({ seen }) => seen.detail >= from && seen.detail < (DETAILS[index + 1] ?? Infinity),
  );
  const share = (of: "gender" | "emotion") =>
    (100 * some.filter(({ seen, truth }) => seen[of] !== truth[of]).length) / some.length;
  console.log(
    [
      from,
      some.length,
      share("gender").toFixed(0),
      share("emotion").toFixed(0),
      median(some.map(({ seen, truth }) => Math.abs(seen.years - truth.years))).toFixed(1),
      median(some.map(({ seen, truth }) => cosine(seen.embedding, truth.embedding))).toFixed(2),
      median(some.map(({ seen }) => seen.ms)).toFixed(2),
    ].join(" | "),
  );
}

/** The largest face of a photo, undefined where there is none. */
async function see(bytes: Uint8Array): Promise<Seen | undefined> {
  const views = viewsOf(await decodePhoto(bytes));
  const [face] = await finder.find(views);
  if (!face) return undefined;
  const startedAtMs = performance.now();
  const { detail } = qualityOf(views, face);
  const ms = performance.now() - startedAtMs;
  const chip = await cutChip(views, face.landmarks, 112);
  const ask = async (name: string, output: string) => {
    const picture = { pixels: new Uint8Array(chip), width: 112, height: 112 };
    return (await inference.model(name).predict(picture)).outputs[output]!.data;
  };
  const best = (probabilities: Float32Array) => probabilities.indexOf(Math.max(...probabilities));
  return {
    detail,
    width: face.box.width,
    ms,
    gender: best(await ask("gender", "probabilities")),
    emotion: best(await ask("emotion", "probabilities")),
    years: (await ask("age", "years"))[0]!,
    embedding: await ask("embed", "embedding"),
  };
}

async function smaller(portrait: Uint8Array, scale: number): Promise<Uint8Array> {
  const { width = 0 } = await sharp(portrait).metadata();
  const small = await sharp(portrait)
    .resize(Math.max(4, Math.round(width * scale)))
    .toBuffer();
  const wall = sharp({ create: { width: 800, height: 600, channels: 3, background: "#777" } });
  return wall
    .composite([{ input: small }])
    .jpeg({ quality: 90 })
    .toBuffer();
}

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}
