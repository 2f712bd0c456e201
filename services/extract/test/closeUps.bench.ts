/**
 * How well each of the two looks at a whole photo sees a face, by its width: why vision leaves wide faces to the small frame.
 *
 *   npx tsx services/extract/test/closeUps.bench.ts [FOLDER_OF_PORTRAITS]
 *
 * Each portrait (those of nobody in models/samples/gallery without an argument) is scaled until its face has the width, in an 800x800
 * photo; the face that the pipeline finds in the portrait itself, scaled along, is taken for the truth.
 */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { openInference } from "@similarfaces/inference";
import {
  FRAME_SIDE,
  iou,
  suppress,
  type Detection,
  type Landmarks,
  type Picture,
} from "@similarfaces/vision";
import { decodePhoto } from "@similarfaces/extract";
import { detectFaces } from "../src/faces/detect.js";
import { detectorOf } from "../src/faces/detector.js";
import { viewsOf } from "../src/faces/views.js";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const folder = process.argv[2] ?? join(MODELS, "samples", "gallery");
const WIDTHS = [20, 32, 60, 100, 140, 180, 220, 260, 300, 400, 500];
const LOOKS = [FRAME_SIDE, 256];

const inference = await openInference({ modelsDir: MODELS, models: ["detect"], pack: "compact", workers: 2 });
const detector = detectorOf(inference.model("detect"));
const portraits = (await readdir(folder, { recursive: true }))
  .filter((name) => name.endsWith(".jpg"))
  .toSorted();

console.log("width in 800 px | frame | faces found | other boxes | landmarks off, % of width");
for (const width of WIDTHS) {
  for (const look of LOOKS) {
    let [found, others, seen] = [0, 0, 0];
    const errors: number[] = [];
    for (const name of portraits) {
      const portrait = await decodePhoto(await readFile(join(folder, name)));
      const [truth] = await detectFaces(viewsOf(portrait), detector, {});
      if (!truth) continue;
      seen++;
      const photo = await withFaceOf(width, portrait, truth);
      const picture = await scaled(photo.picture, look);
      const faces = suppress(await detector.detect(picture, {}), detector.iouMax);
      const factor = look / FRAME_SIDE;
      const hit = faces.find(({ box }) => iou(times(photo.box, factor), box) >= 0.5);
      others += faces.length - (hit ? 1 : 0);
      if (!hit) continue;
      found++;
      errors.push((100 * distance(hit.landmarks, photo.landmarks, factor)) / (width * factor));
    }
    const error = errors.toSorted((a, b) => a - b)[errors.length >> 1];
    console.log(`${width} | ${look} | ${found} of ${seen} | ${others} | ${error?.toFixed(1) ?? ""}`);
  }
}
await inference.close();

/** An 800x800 photo in which the portrait's face is in the middle, this wide; what lies beyond the portrait is grey. */
async function withFaceOf(width: number, portrait: Picture, face: Detection<"image">) {
  const scale = width / face.box.width;
  const size = { width: Math.round(portrait.width * scale), height: Math.round(portrait.height * scale) };
  const middle = { x: face.box.x + face.box.width / 2, y: face.box.y + face.box.height / 2 };
  const left = Math.round(middle.x * scale - FRAME_SIDE / 2);
  const top = Math.round(middle.y * scale - FRAME_SIDE / 2);
  const { pixels } = portrait;
  const raw = { raw: { width: portrait.width, height: portrait.height, channels: 3 as const } };
  const large = await sharp(pixels, raw)
    .resize({ ...size, fit: "fill", kernel: "linear" })
    .raw()
    .toBuffer();
  const reach = { left: Math.max(0, -left), top: Math.max(0, -top) };
  const canvas = await sharp(large, { raw: { ...size, channels: 3 } })
    .extend({
      ...reach,
      right: Math.max(0, left + FRAME_SIDE - size.width),
      bottom: Math.max(0, top + FRAME_SIDE - size.height),
      background: "#808080",
    })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width: w, height: h } = canvas.info;
  const cut = { left: Math.max(0, left), top: Math.max(0, top), width: FRAME_SIDE, height: FRAME_SIDE };
  const photo = await sharp(canvas.data, { raw: { width: w, height: h, channels: 3 } })
    .extract(cut)
    .raw()
    .toBuffer();
  const move = ({ x, y }: { x: number; y: number }) => ({ x: x * scale - left, y: y * scale - top });
  const corner = move(face.box);
  return {
    picture: { pixels: new Uint8Array(photo), width: FRAME_SIDE, height: FRAME_SIDE },
    box: { ...corner, width: face.box.width * scale, height: face.box.height * scale },
    landmarks: Object.values(face.landmarks).map(move),
  };
}

async function scaled(picture: Picture, side: number): Promise<Picture> {
  if (side === picture.width) return picture;
  const raw = { raw: { width: picture.width, height: picture.height, channels: 3 as const } };
  const pixels = await sharp(picture.pixels, raw).resize(side, side, { kernel: "linear" }).raw().toBuffer();
  return { pixels: new Uint8Array(pixels), width: side, height: side };
}

function times(box: { x: number; y: number; width: number; height: number }, factor: number) {
  return { x: box.x * factor, y: box.y * factor, width: box.width * factor, height: box.height * factor };
}

function distance(
  landmarks: Landmarks<"letterbox">,
  truth: readonly { x: number; y: number }[],
  factor: number,
): number {
  const points = Object.values(landmarks) as { x: number; y: number }[];
  const away = points.map(({ x, y }, i) => Math.hypot(x - truth[i]!.x * factor, y - truth[i]!.y * factor));
  return away.reduce((sum, value) => sum + value, 0) / away.length;
}
