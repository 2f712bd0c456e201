import { resize } from "@similarfaces/extract";
import { sizeOf, type Box, type Detection, type Picture, type Size } from "@similarfaces/vision";

/** A square of a portrait around its face. */
export interface Portrait {
  readonly picture: Picture;
  readonly face: Detection<"image">;
}

export interface FacesPhoto {
  readonly photo: Picture;
  readonly truth: readonly Box<"image">[];
}

/** Sides of a place in a photo, in sizes of its face: portraits are not to touch. */
const PLACE = 2.6;
/** The portrait around a face, in its sizes. */
const SHOWN = 2;

/**
 * A photo of this size with faces of `faceSize` pixels, sqrt(width height), in places of a grid that a generator chooses: so many that `wanted` is
 * not exceeded, fewer where no more fit, each somewhere in its place. The ground is a slope of two colours with grain.
 */
export async function facesPhoto(
  size: Size,
  faceSize: number,
  { portraits, wanted, random }: { portraits: readonly Portrait[]; wanted: number; random: () => number },
): Promise<FacesPhoto> {
  const photo = { ...size, pixels: groundOf(size, random) };
  const place = Math.ceil(Math.min(PLACE * faceSize, size.width, size.height));
  const [columns, rows] = [Math.floor(size.width / place), Math.floor(size.height / place)];
  const places = shuffled(
    Array.from({ length: columns * rows }, (_, i) => i),
    random,
  ).slice(0, wanted);
  const truth: Box<"image">[] = [];
  for (const at of places) {
    const { picture, face } = portraits[Math.floor(random() * portraits.length)]!;
    const scale = faceSize / sizeOf(face.box);
    const cut = squareAround(face.box, picture);
    const side = Math.max(1, Math.min(place, Math.round(cut.width * scale)));
    const small = await resize(picture, { width: side, height: side }, { region: cut });
    const left = (at % columns) * place + Math.floor(random() * (place - side + 1));
    const top = Math.floor(at / columns) * place + Math.floor(random() * (place - side + 1));
    paste(small, photo, left, top);
    const by = side / cut.width;
    truth.push({
      x: left + (face.box.x - cut.left) * by,
      y: top + (face.box.y - cut.top) * by,
      width: face.box.width * by,
      height: face.box.height * by,
    });
  }
  return { photo, truth };
}

function squareAround(box: Box<"image">, { width, height }: Size) {
  const side = Math.floor(Math.min(SHOWN * sizeOf(box), width, height));
  const from = (middle: number, length: number) =>
    Math.round(Math.min(Math.max(middle - side / 2, 0), length - side));
  const left = from(box.x + box.width / 2, width);
  const top = from(box.y + box.height / 2, height);
  return { left, top, width: side, height: side };
}

function groundOf({ width, height }: Size, random: () => number): Buffer {
  const pixels = Buffer.alloc(width * height * 3);
  const [from, to] = [0, 1].map(() => [0, 1, 2].map(() => 60 + random() * 140)) as [number[], number[]];
  const grain = Int8Array.from({ length: 4_093 }, () => Math.round(6 * (random() - 0.5)));
  for (let row = 0, at = 0; row < height; row++) {
    const down = row / height;
    const colour = from.map((value, i) => value + (to[i]! - value) * down);
    for (let column = 0; column < width; column++) {
      for (let i = 0; i < 3; i++, at++) pixels[at] = colour[i]! + grain[(at + row * 7) % grain.length]!;
    }
  }
  return pixels;
}

function paste(from: Picture, into: Picture & { pixels: Uint8Array }, left: number, top: number): void {
  for (let row = 0; row < from.height; row++) {
    const source = from.pixels.subarray(row * from.width * 3, (row + 1) * from.width * 3);
    into.pixels.set(source, ((top + row) * into.width + left) * 3);
  }
}

function shuffled<T>(all: T[], random: () => number): T[] {
  for (let i = all.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [all[i], all[other]] = [all[other]!, all[i]!];
  }
  return all;
}
