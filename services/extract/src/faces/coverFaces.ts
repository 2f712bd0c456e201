import type { Box, Picture } from "@similarfaces/vision";
import { resize } from "../photo/picture.js";
import type { Cut } from "./portraitCut.js";

/** Of a box, the ellipse that stands for its head: a detector's box ends at the hair and the ears. */
const OTHER = 1.2;
const OWN = 1.1;
/** Pixels of a side that are left of the cut where it is covered: nobody is recognised by so few. */
const BLURRED_SIDE = 6;

/**
 * The cut with every other face in it blurred beyond recognition, in the ellipse of its box. Where one overlaps the face that the portrait is of,
 * that one stays whole.
 * @param own box of the portrait's face, and `others` of the others, in pixels of the photo
 */
export async function coverFaces(cut: Cut, own: Box<"image">, others: readonly Box<"image">[]): Promise<Cut> {
  const { picture } = cut;
  const spans = others.flatMap((box) => spansOf(ellipseIn(cut, box, OTHER), picture));
  if (spans.length === 0) return cut;
  const { width, height } = picture;
  const few = await resize(picture, { width: BLURRED_SIDE, height: BLURRED_SIDE });
  const blurred = await resize(few, { width, height }, { kernel: "cubic" });
  const pixels = new Uint8Array(picture.pixels);
  for (const [from, to] of spans) pixels.set(blurred.pixels.subarray(from, to), from);
  for (const [from, to] of spansOf(ellipseIn(cut, own, OWN), picture))
    pixels.set(picture.pixels.subarray(from, to), from);
  return { ...cut, picture: { pixels, width, height } };
}

interface Ellipse {
  readonly x: number;
  readonly y: number;
  /** Half of its axes. */
  readonly across: number;
  readonly down: number;
}

function ellipseIn({ left, top, scaleX, scaleY }: Cut, box: Box<"image">, share: number): Ellipse {
  return {
    x: (box.x + box.width / 2 - left) * scaleX,
    y: (box.y + box.height / 2 - top) * scaleY,
    across: (share * box.width * scaleX) / 2,
    down: (share * box.height * scaleY) / 2,
  };
}

/** The bytes of the picture in an ellipse, row by row: from and to. */
function spansOf({ x, y, across, down }: Ellipse, { width, height }: Picture): [number, number][] {
  const spans: [number, number][] = [];
  const last = Math.min(height, Math.ceil(y + down));
  for (let row = Math.max(0, Math.floor(y - down)); row < last; row++) {
    const half = across * Math.sqrt(Math.max(0, 1 - ((row + 0.5 - y) / down) ** 2));
    const from = Math.max(0, Math.round(x - half));
    const to = Math.min(width, Math.round(x + half));
    if (to > from) spans.push([(row * width + from) * 3, (row * width + to) * 3]);
  }
  return spans;
}
