import { centreOf, sizeOf, type Box, type Detection } from "@similarfaces/vision";

/** What became of the faces of a photo. */
export interface Judged {
  faces: number;
  found: number;
  /** Boxes at the place of a face that another box has. */
  doubled: number;
  /** Boxes where there is no face of about that size. */
  others: number;
}

/** Of a face's size: how far from its middle a box may be that stands for it, and how much smaller or larger: of 12 to 20 pixels boxes are too large. */
const AWAY = 0.5;
const RATIO = 2.5;
/** And what is no face of its own where it is nearer to the middle of one than this. */
const PART = 0.9;

/** Each face takes the best box at its place; others there are doubles, of whatever size. */
export function judgeFaces(truth: readonly Box<"image">[], found: readonly Detection<"image">[]): Judged {
  const left = new Set(found.toSorted((a, b) => b.score - a.score));
  const hits = truth.filter((face) => {
    const hit = [...left].find(({ box }) => {
      const ratio = sizeOf(box) / sizeOf(face);
      return distance(face, box) < AWAY * sizeOf(face) && ratio > 1 / RATIO && ratio < RATIO;
    });
    return hit !== undefined && left.delete(hit);
  });
  const isDouble = ({ box }: Detection<"image">) =>
    truth.some((face) => distance(face, box) < PART * sizeOf(face));
  const doubled = [...left].filter(isDouble).length;
  return { faces: truth.length, found: hits.length, doubled, others: left.size - doubled };
}

function distance(a: Box<"image">, b: Box<"image">): number {
  const [from, to] = [centreOf(a), centreOf(b)];
  return Math.hypot(from.x - to.x, from.y - to.y);
}
