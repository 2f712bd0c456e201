import type { BoxJson } from "@similarfaces/contracts/job";
import type { Size } from "./view";

/** Where a face's words stand at its box, in CSS pixels of the frame. */
export interface TagPlace {
  side: "above" | "below" | "beside" | "inside";
  left: number;
  top: number;
  height: number;
  /** Until the next face or its words, or the frame's edge. */
  roomPx: number;
  /** It is room for more than the number. */
  hasWords: boolean;
  /** There is no place at the box that is free: it is shown of the chosen face alone, over whatever is there. */
  isCovering: boolean;
}

/** Of a number of two figures, in the type of a page whose rem has 16 pixels. */
const NUMBER: Size = { width: 30, height: 20 };
const GAP_PX = 6;
const WORDS_PX_MAX = 400;
/** Of less there would be a beginning alone. */
const WORDS_PX_MIN = 110;

/**
 * A place for each box's words in which they hide no other face and no other number, those of the first boxes first; boxes and frame in
 * CSS pixels, `scale` the size of the page's type, 1 where a rem has 16 pixels.
 */
export function tagPlaces(boxes: readonly BoxJson[], frame: Size, scale = 1): TagPlace[] {
  const tag = { width: NUMBER.width * scale, height: NUMBER.height * scale };
  const numbers: BoxJson[] = [];
  return boxes.map((box) => {
    const others = boxes.filter((other) => other !== box);
    const inFrame = placesAt(box, tag).filter((place) => isInside(place, tag, frame));
    const free = inFrame.find((place) => isFree(place, tag, [...others, ...numbers]));
    if (free) numbers.push({ x: free.left, y: free.top, ...tag });
    const shown = free ?? inFrame[0] ?? insideOf(box);
    const roomPx = Math.min(roomOf(shown, tag, others), frame.width - shown.left, WORDS_PX_MAX * scale);
    return {
      ...shown,
      height: tag.height,
      roomPx: Math.max(tag.width, roomPx),
      hasWords: roomPx >= WORDS_PX_MIN * scale,
      isCovering: free === undefined,
    };
  });
}

type Place = Pick<TagPlace, "side" | "left" | "top">;

function placesAt({ x, y, width, height }: BoxJson, tag: Size): Place[] {
  return [
    { side: "above", left: x - 2, top: y - GAP_PX - tag.height },
    { side: "below", left: x - 2, top: y + height + GAP_PX },
    { side: "beside", left: x + width + GAP_PX, top: y },
  ];
}

/** Of a face that fills the frame: over its forehead. */
const insideOf = ({ x, y }: BoxJson): Place => ({
  side: "inside",
  left: Math.max(0, x) + GAP_PX,
  top: Math.max(0, y) + GAP_PX,
});

function isInside({ left, top }: Place, tag: Size, frame: Size): boolean {
  return left >= -2 && left + tag.width <= frame.width && top >= 0 && top + tag.height <= frame.height;
}

function isFree({ left, top }: Place, tag: Size, others: readonly BoxJson[]): boolean {
  return others.every(
    (box) =>
      box.x >= left + tag.width ||
      box.x + box.width <= left ||
      box.y >= top + tag.height ||
      box.y + box.height <= top,
  );
}

/** To the next box on its height, or to the words above that box. */
function roomOf({ left, top }: Place, tag: Size, others: readonly BoxJson[]): number {
  const next = others.filter(
    (box) => box.x > left && box.y - GAP_PX - tag.height < top + tag.height && box.y + box.height > top,
  );
  return Math.min(...next.map(({ x }) => x - left - GAP_PX), Infinity);
}
