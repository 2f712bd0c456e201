declare const space: unique symbol;

/**
 * Where a coordinate lives. `image`: pixels of the upright photo. `view`: pixels of the photo at another scale. `letterbox`: pixels of a
 * frame, the window on a view that a detector sees. `crop`, `chip`: pixels of what the second look and the models of faces see. x to the
 * right, y down.
 */
export type Space = "image" | "view" | "letterbox" | "crop" | "chip";

/** The phantom property keeps points of different spaces apart; it never exists at run time. */
export interface Point<S extends Space> {
  readonly x: number;
  readonly y: number;
  readonly [space]?: S;
}

/** x, y is the top left corner. */
export interface Box<S extends Space> {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly [space]?: S;
}

/** "Left" is the left of a picture in which the face stands upright, however it is turned in this one: the person's right. */
export interface Landmarks<S extends Space> {
  readonly leftEye: Point<S>;
  readonly rightEye: Point<S>;
  readonly nose: Point<S>;
  readonly leftMouth: Point<S>;
  readonly rightMouth: Point<S>;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** RGB, uint8, row by row (HWC): width * height * 3 bytes. */
export interface Picture extends Size {
  readonly pixels: Uint8Array;
}

/** A face as a detector reports it. Score 0..1. */
export interface Detection<S extends Space> {
  readonly score: number;
  readonly box: Box<S>;
  readonly landmarks: Landmarks<S>;
}

export function mapLandmarks<A extends Space, B extends Space>(
  { leftEye, rightEye, nose, leftMouth, rightMouth }: Landmarks<A>,
  map: (point: Point<A>) => Point<B>,
): Landmarks<B> {
  return {
    leftEye: map(leftEye),
    rightEye: map(rightEye),
    nose: map(nose),
    leftMouth: map(leftMouth),
    rightMouth: map(rightMouth),
  };
}

/** The side of a square as large as the box. */
export function sizeOf<S extends Space>({ width, height }: Box<S>): number {
  return Math.sqrt(Math.max(0, width) * Math.max(0, height));
}

export function centreOf<S extends Space>({ x, y, width, height }: Box<S>): Point<S> {
  return { x: x + width / 2, y: y + height / 2 };
}

/** The part of a box that lies within the picture; of zero size where it lies outside. */
export function clipBox<S extends Space>(box: Box<S>, { width, height }: Size): Box<S> {
  const left = Math.min(Math.max(box.x, 0), width);
  const top = Math.min(Math.max(box.y, 0), height);
  const right = Math.min(Math.max(box.x + box.width, left), width);
  const bottom = Math.min(Math.max(box.y + box.height, top), height);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** The smallest number of steps of `multiple` that holds `length`. */
export function roundUp(length: number, multiple: number): number {
  return Math.ceil(length / multiple) * multiple;
}
