/**
 * How well each of the two passes over a whole photo sees a face, by its size: why vision leaves large faces to the small frame.
 *
 *   npx tsx services/extract/test/closeUps.bench.ts [FOLDER_OF_PORTRAITS]
 *
 * Each portrait (those of nobody in models/samples/gallery without an argument) is scaled until its face has the size, in an 800x800
 * photo; the face that the finder finds in the portrait itself, scaled along, is taken for the truth.
 */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { openInference } from "@similarfaces/inference";
import {
  FRAME_SIDE,
  boxToImage,
  detectionToView,
  iou,
  landmarksToImage,
  letterbox,
  pointsOf,
  sizeOf,
  suppress,
  suppressSameFaces,
  type Detection,
  type Picture,
} from "@similarfaces/vision";
import { decodePhoto } from "@similarfaces/extract";
import { detectorOf } from "../src/faces/detector.js";
import { finderOf } from "../src/faces/finder.js";
import { secondLookOf } from "../src/faces/look.js";
import { proposeFaces, type Proposal } from "../src/faces/propose.js";
import { cutFrame, viewsOf, type Views } from "../src/faces/views.js";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const folder = process.argv[2] ?? join(MODELS, "samples", "gallery");
const SIZES = [20, 32, 60, 100, 140, 180, 220, 260, 300, 350, 400, 500, 600];
/** Each pass alone, from which faces of any size count here, and all of them as the finder has it. */
const PASSES = [FRAME_SIDE, 256, undefined];

const models = ["detect", "refine"];
const inference = await openInference({ modelsDir: MODELS, models, pack: "compact", workers: 2 });
const [detector, secondLook] = [detectorOf(inference.model("detect")), secondLookOf(inference)];
const finder = finderOf(inference);
const portraits: { portrait: Picture; truth: Detection<"image"> }[] = [];
const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".jpg"));
for (const name of names.toSorted()) {
  const portrait = await decodePhoto(await readFile(join(folder, name)));
  const [truth] = await finder.find(viewsOf(portrait));
  if (truth) portraits.push({ portrait, truth });
}

console.log("size in 800 px | frame | faces found | other faces | proposals | points off, % of size");
for (const size of SIZES) {
  for (const side of PASSES) {
    let [found, others, proposed] = [0, 0, 0];
    const errors: number[] = [];
    for (const { portrait, truth } of portraits) {
      const photo = await withFaceOf(size, portrait, truth);
      const views = viewsOf(photo.picture);
      const proposals = side ? await proposalsIn(views, side) : await proposeFaces(views, detector, {});
      const faces = suppressSameFaces(await secondLook.facesOf(proposals, secondLook.scoreMin, {}));
      const hit = faces.find(({ box }) => iou(photo.box, box) >= 0.5);
      proposed += proposals.length;
      others += faces.length - (hit ? 1 : 0);
      if (!hit) continue;
      found++;
      errors.push((100 * distance(pointsOf(hit.landmarks), photo.landmarks)) / size);
    }
    const error = errors.toSorted((a, b) => a - b)[errors.length >> 1];
    const row = [
      size,
      side ?? "both",
      `${found} of ${portraits.length}`,
      others,
      proposed,
      error?.toFixed(1) ?? "",
    ];
    console.log(row.join(" | "));
  }
}
await inference.close();

/** What one pass alone proposes, sizes and all. */
async function proposalsIn(views: Views, side: number): Promise<Proposal[]> {
  const frame = letterbox(views.photo, side, detector.frameMultiple);
  const picture = await views.scaled(frame.scaled);
  const detections = await detector.detect(cutFrame(picture, frame), {});
  const proposals = detections.map((detection): Proposal => {
    const found = detectionToView(frame, detection);
    const [box, landmarks] = [boxToImage(frame, found.box), landmarksToImage(frame, found.landmarks)];
    return { score: found.score, box, landmarks, found, picture, frame };
  });
  return suppress(proposals, detector.iouMax);
}

/** An 800x800 photo in which the portrait's face is in the middle, of this size; what lies beyond the portrait is grey. */
async function withFaceOf(target: number, portrait: Picture, face: Detection<"image">) {
  const scale = target / sizeOf(face.box);
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
    landmarks: pointsOf(face.landmarks).map(move),
  };
}

function distance(
  points: readonly { x: number; y: number }[],
  truth: readonly { x: number; y: number }[],
): number {
  const away = points.map(({ x, y }, i) => Math.hypot(x - truth[i]!.x, y - truth[i]!.y));
  return away.reduce((sum, value) => sum + value, 0) / away.length;
}
