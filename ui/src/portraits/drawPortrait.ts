import type { FaceJson } from "@similarfaces/contracts/job";
import type { FacePhoto } from "./facePhoto";
import {
  boundsOf,
  coversIn,
  ownEllipse,
  portraitSquare,
  type Ellipse,
  type PortraitSquare,
} from "./geometry";

/** Pixels of a side that are left of the picture where it is covered: nobody is recognised by so few. */
const FROSTED_SIDE = 6;

/**
 * Draws a face of the photo: upright, with what is around it, other faces in it hidden. What is beyond the photo's edge stays transparent.
 * @throws where the photo cannot be had
 */
export function drawPortrait(
  canvas: HTMLCanvasElement,
  photo: FacePhoto,
  face: FaceJson,
  pixelsFor: (square: PortraitSquare) => number,
): Promise<void> {
  const square = portraitSquare(face, photo.size);
  const others = photo.faces.filter(({ index }) => index !== face.index).map(({ box }) => box);
  return photo.use((bitmap) => {
    // Not before: the page is being built until then, and would be laid out for the asking.
    const pixels = pixelsFor(square);
    const scale = bitmap.width / photo.size.width;
    const { x, y, width, height } = boundsOf(square, photo.size);
    // What is seen, as it is: the scaling that follows would work on the whole photo. Cut by drawing, because Chromium cuts a bitmap that
    // was decoded by its EXIF data where it would be without.
    const from = { x: Math.floor(x * scale), y: Math.floor(y * scale) };
    const part = canvasOf(
      Math.min(bitmap.width, Math.ceil((x + width) * scale)) - from.x,
      Math.min(bitmap.height, Math.ceil((y + height) * scale)) - from.y,
    );
    const copy = contextOf(part);
    copy.imageSmoothingEnabled = false;
    copy.drawImage(bitmap, from.x, from.y, part.width, part.height, 0, 0, part.width, part.height);
    canvas.width = canvas.height = pixels;
    const context = contextOf(canvas);
    intoSquare(context, square, pixels);
    const draw = (picture: CanvasImageSource) =>
      context.drawImage(picture, from.x / scale, from.y / scale, part.width / scale, part.height / scale);
    draw(part);
    const covers = coversIn(square, others);
    if (covers.length > 0) {
      clipTo(context, covers, ownEllipse(face.box));
      draw(frosted(part));
    }
  });
}

/** From here on the context draws in pixels of the photo. */
function intoSquare(
  context: CanvasRenderingContext2D,
  { x, y, side, turn }: PortraitSquare,
  pixels: number,
): void {
  const scale = pixels / side;
  context.setTransform(scale, 0, 0, scale, pixels / 2, pixels / 2);
  context.rotate(turn);
  context.translate(-x, -y);
}

/** From here on only the covers are drawn on, and nothing of the face itself, whoever stands before it. */
function clipTo(context: CanvasRenderingContext2D, covers: readonly Ellipse[], own: Ellipse): void {
  const others = new Path2D();
  for (const cover of covers) others.addPath(pathOf(cover));
  // Everything with a hole.
  const notOwn = new Path2D();
  notOwn.rect(own.x - FAR, own.y - FAR, 2 * FAR, 2 * FAR);
  notOwn.addPath(pathOf(own));
  context.clip(others);
  context.clip(notOwn, "evenodd");
}

/** Farther than any photo reaches. */
const FAR = 1e6;

function pathOf({ x, y, across, down }: Ellipse): Path2D {
  const path = new Path2D();
  path.ellipse(x, y, across, down, 0, 0, Math.PI * 2);
  return path;
}

/** The picture in a few pixels, halved again and again, so that each is the mean of what it stands for. */
function frosted(picture: HTMLCanvasElement): HTMLCanvasElement {
  let from = picture;
  do {
    const smaller = canvasOf(half(from.width), half(from.height));
    contextOf(smaller).drawImage(from, 0, 0, smaller.width, smaller.height);
    from = smaller;
  } while (from.width > FROSTED_SIDE || from.height > FROSTED_SIDE);
  return from;
}

const half = (side: number) => Math.max(FROSTED_SIDE, Math.ceil(side / 2));

function canvasOf(width: number, height: number): HTMLCanvasElement {
  return Object.assign(document.createElement("canvas"), { width, height });
}

/** Drawn by the processor: the whole photo would have to be on the graphics card for a single drawing of a part of it. */
function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  return context;
}
