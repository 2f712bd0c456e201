import type { BoxJson, ImageSizeJson, PointJson } from "./shapes.js";

/*
 * A photo as it is shown, turned clockwise by whole quarters (0, 90, 180, 270 degrees). What the stages say is in pixels of the photo as
 * it was sent; these take it to pixels of the photo as it is shown. By 360 minus the turn, from the size shown, they take it back.
 */

export function turnedSize({ width, height }: ImageSizeJson, turn: number): ImageSizeJson {
  return turn % 180 === 0 ? { width, height } : { width: height, height: width };
}

export function turnedPoint({ x, y }: PointJson, { width, height }: ImageSizeJson, turn: number): PointJson {
  switch (turn) {
    case 90:
      return { x: height - y, y: x };
    case 180:
      return { x: width - x, y: height - y };
    case 270:
      return { x: y, y: width - x };
    default:
      return { x, y };
  }
}

export function turnedBox({ x, y, width, height }: BoxJson, photo: ImageSizeJson, turn: number): BoxJson {
  const from = turnedPoint({ x, y }, photo, turn);
  const to = turnedPoint({ x: x + width, y: y + height }, photo, turn);
  return { x: Math.min(from.x, to.x), y: Math.min(from.y, to.y), ...turnedSize({ width, height }, turn) };
}
