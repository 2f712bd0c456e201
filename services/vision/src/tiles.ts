import { roundUp, sizeOf, type Box, type Detection, type Size } from "./geometry.js";
import { letterbox, scaleSize, type Frame } from "./letterbox.js";

/** The longer side of the pass over the whole photo, and the most that a tile has of width or height. */
export const FRAME_SIDE = 800;
/** A face that fills the 800-pixel frame is found in this much smaller one. */
const CLOSE_UP_SIDE = 256;
/** Larger faces are left to the small frame, in which this one has 58 pixels: see the README's measurement. */
const FACE_SIZE_MAX = 180;
/** 100 pixels in the large frame, so that both see what is in between. */
const CLOSE_UP_SIZE_MIN = 32;
/** The size in frame pixels from which the detector finds every face that was measured. */
const FACE_SIZE = 20;
/** A face of this size in the original is found in a photo of any size. */
const FACE_SIZE_ORIGINAL = 60;
const TILE_SCALE = FACE_SIZE / FACE_SIZE_ORIGINAL;
/** Around FACE_SIZE in the 800-pixel frame, smaller and larger by this, faces count from it and from the tiles; below from the tiles only, above not. */
const BOTH = 1.25;
const OVERLAP_MIN = 64;
const OVERLAP_MAX = 320;
/** Bounds the work on photos of absurd proportions. */
const TILES_MAX = 64;

/** One pass of the detector over a photo or a part of it, and the sizes of faces, frame pixels, that count from it: sqrt(width height). */
export interface Pass {
  readonly frame: Frame;
  readonly sizeMin: number;
  readonly sizeMax: number;
}

/**
 * The passes over a photo: the whole of it in the 800-pixel frame, the whole of it in a small one, and the tiles of a large photo. In
 * the 800-pixel frame the detector takes parts of a very large face for faces too, so these sizes count from the small frame only;
 * small faces count from the other frames only, which place them better. Where there are tiles, faces of a few pixels in the 800-pixel frame
 * count from them only: each size has one owner, and two only where both place its boxes well enough to be one.
 */
export function passesOf(image: Size, multiple: number): Pass[] {
  const whole = letterbox(image, FRAME_SIDE, multiple);
  const tiles = tileFrames(image, multiple).map((frame) => ({
    frame,
    sizeMin: 0,
    sizeMax: Math.min(FACE_SIZE_MAX, (BOTH * FACE_SIZE * frame.scaled.width) / whole.scaled.width),
  }));
  return [
    { frame: whole, sizeMin: tiles.length > 0 ? FACE_SIZE / BOTH : 0, sizeMax: FACE_SIZE_MAX },
    {
      frame: letterbox(image, CLOSE_UP_SIDE, multiple),
      sizeMin: CLOSE_UP_SIZE_MIN,
      sizeMax: Infinity,
    },
    ...tiles,
  ];
}

/** Whether a detection (frame pixels) counts: its size is one of this pass, and the frame does not cut it off. */
export function accepts({ frame, sizeMin, sizeMax }: Pass, { box }: Detection<"letterbox">): boolean {
  const size = sizeOf(box);
  return size >= sizeMin && size <= sizeMax && !isCutOff(frame, box);
}

/**
 * The frames of the tiles of a large photo: none up to 2,400 pixels of longer side, because there a face of
 * 60 pixels has 20 in the 800-pixel frame; beyond, overlapping windows on the photo at a third of its scale.
 * Neighbours overlap by more than the smallest face that the 800-pixel frame finds, so what one tile cuts, its
 * neighbour or that frame has whole. Tiles are of equal size, in multiples of `multiple` pixels.
 */
function tileFrames(image: Size, multiple: number): Frame[] {
  if (FRAME_SIDE / Math.max(image.width, image.height) >= TILE_SCALE) return [];
  for (let scale = TILE_SCALE; ; scale *= 0.9) {
    const frames = tilesAtScale(image, scale, multiple);
    if (frames.length <= TILES_MAX) return frames;
  }
}

/**
 * Whether the frame's border cuts this face off: its box (frame pixels) reaches a border that is not the photo's
 * own. Such a box is of half a face; the whole one comes from another frame.
 */
function isCutOff(frame: Frame, box: Box<"letterbox">): boolean {
  const reach = 2;
  return (
    (frame.left > 0 && box.x < reach) ||
    (frame.top > 0 && box.y < reach) ||
    (frame.left + frame.width < frame.scaled.width && box.x + box.width > frame.width - reach) ||
    (frame.top + frame.height < frame.scaled.height && box.y + box.height > frame.height - reach)
  );
}

function tilesAtScale(image: Size, scale: number, multiple: number): Frame[] {
  const scaled = scaleSize(image, scale);
  const wholeScale = FRAME_SIDE / Math.max(scaled.width, scaled.height);
  const overlap = Math.min(OVERLAP_MAX, Math.max(OVERLAP_MIN, (BOTH * FACE_SIZE) / wholeScale));
  const columns = cuts(scaled.width, overlap, multiple);
  const rows = cuts(scaled.height, overlap, multiple);
  return rows.starts.flatMap((top) =>
    columns.starts.map((left) => ({
      image,
      scaled,
      left,
      top,
      width: columns.length,
      height: rows.length,
    })),
  );
}

/** The fewest pieces of at most FRAME_SIDE that cover `length`, evenly spread. */
function cuts(length: number, overlap: number, multiple: number): { starts: number[]; length: number } {
  if (length <= FRAME_SIDE) return { starts: [0], length: roundUp(length, multiple) };
  const count = Math.ceil((length - overlap) / (FRAME_SIDE - overlap));
  const piece = Math.min(FRAME_SIDE, roundUp((length + (count - 1) * overlap) / count, multiple));
  const starts = Array.from({ length: count }, (_, i) => Math.round((i * (length - piece)) / (count - 1)));
  return { starts, length: piece };
}
