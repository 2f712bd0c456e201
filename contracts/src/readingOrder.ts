import type { BoxJson, ExtractedJson } from "./shapes.js";
import { turnedBox } from "./upright.js";

/** Faces whose middles are no farther apart in height than this share of a face stand in one row: people beside one another differ by half a head. */
const ROW_SHARE = 0.75;

/**
 * The indices of a photo's faces as they are read off the upright photo: row by row from the top, each from left to right. What people
 * see as a face's number is its place in it, from 1; addresses and the API have the index, by which the largest face is 0.
 */
export function readingOrder({
  faces,
  size,
  turned,
}: Pick<ExtractedJson, "size" | "turned"> & {
  faces: readonly Pick<ExtractedJson["faces"][number], "index" | "box">[];
}): number[] {
  const placed = faces
    .map(({ index, box }) => placeOf(index, turnedBox(box, size, turned)))
    .toSorted((a, b) => a.y - b.y || a.x - b.x);
  const rows: Row[] = [];
  for (const face of placed) {
    const row = rows.at(-1);
    if (row && isInRow(face, row)) row.push(face);
    else rows.push([face]);
  }
  return rows.flatMap((row) => row.toSorted((a, b) => a.x - b.x).map(({ index }) => index));
}

/** A face by its middle and its height, in pixels of the upright photo. */
type Place = { index: number; x: number; y: number; height: number };
type Row = Place[];

function placeOf(index: number, { x, y, width, height }: BoxJson): Place {
  return { index, x: x + width / 2, y: y + height / 2, height };
}

/** By the row's mean, so that a slope from face to face ends in another row at last. */
function isInRow(face: Place, row: Row): boolean {
  const height = mean([...row, face].map(({ height }) => height));
  return face.y - mean(row.map(({ y }) => y)) <= ROW_SHARE * height;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
