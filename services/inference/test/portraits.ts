import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import type { Picture } from "@similarfaces/inference";

const PORTRAITS = fileURLToPath(new URL("../../../models/samples/gallery", import.meta.url));
/** Of a detector's frame: a multiple of 32. */
const FRAME_SIDE = 224;

/** The first of the sample portraits, each an upright face, as a detector gets them. */
export async function portraits(count: number): Promise<Picture[]> {
  const names = (await readdir(PORTRAITS)).filter((name) => name.endsWith(".jpg")).toSorted();
  return Promise.all(
    names.slice(0, count).map(async (name) => {
      const photo = sharp(join(PORTRAITS, name)).resize(FRAME_SIDE, FRAME_SIDE, { fit: "contain" });
      return { pixels: new Uint8Array(await photo.raw().toBuffer()), width: FRAME_SIDE, height: FRAME_SIDE };
    }),
  );
}

/** Pixels of a picture around a place. */
export interface Square {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** A square of a picture as `to` by `to` pixels; what lies beyond its edge repeats it. */
export async function square(
  { pixels, width, height }: Picture,
  { x, y, side }: Square,
  to: number,
): Promise<Uint8Array> {
  const margin = width;
  const [left, top, length] = [x - side / 2, y - side / 2, side].map(Math.round) as [number, number, number];
  const wide = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .extend({ top: margin, bottom: margin, left: margin, right: margin, extendWith: "copy" })
    .raw()
    .toBuffer();
  const raw = { width: width + 2 * margin, height: height + 2 * margin, channels: 3 } as const;
  const cut = sharp(wide, { raw })
    .extract({ left: left + margin, top: top + margin, width: length, height: length })
    .resize(to, to);
  return new Uint8Array(await cut.raw().toBuffer());
}
