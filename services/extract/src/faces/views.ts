import type { Frame, Picture, Size } from "@similarfaces/vision";
import { wholePhoto, type DecodedPhoto } from "../photo/decodedPhoto.js";
import { resize } from "../photo/picture.js";

/** The photo at its own size and at the sizes that detection looks at. */
export interface Views {
  readonly photo: DecodedPhoto;
  /** The photo at another size, made once, from the smallest view asked for before that has all its detail. */
  scaled(size: Size): Promise<Picture>;
  /** The smallest view there is of at least this scale, relative to the photo. */
  atLeast(scale: number): Picture;
}

export function viewsOf(picture: Picture | DecodedPhoto): Views {
  const photo = "decoded" in picture ? picture : wholePhoto(picture);
  const asked: { width: number; height: number; view: Promise<Picture> }[] = [
    { width: photo.width, height: photo.height, view: Promise.resolve(photo) },
  ];
  const there: Picture[] = [photo];
  return {
    photo,
    scaled({ width, height }) {
      const larger = asked.filter((other) => other.width >= width && other.height >= height);
      const source = larger.reduce((a, b) => (b.width < a.width ? b : a), larger[0] ?? asked[0]!);
      if (source.width === width && source.height === height) return source.view;
      const view = source.view.then(async (picture) => {
        const scaled = await resize(picture, { width, height });
        there.push(scaled);
        return scaled;
      });
      asked.push({ width, height, view });
      return view;
    },
    atLeast(scale) {
      const sharp = there.filter(({ width }) => width >= scale * photo.width);
      return sharp.reduce((a, b) => (b.width < a.width ? b : a), sharp[0] ?? photo);
    },
  };
}

/**
 * What a detector is given: the window of the scaled photo, black beyond it. A copy that owns its buffer, which the
 * inference workers take over.
 */
export function cutFrame(scaled: Picture, { left, top, width, height }: Frame): Picture {
  const pixels = new Uint8Array(width * height * 3);
  const columns = Math.min(width, scaled.width - left);
  const rows = Math.min(height, scaled.height - top);
  for (let row = 0; row < rows; row++) {
    const from = ((top + row) * scaled.width + left) * 3;
    pixels.set(scaled.pixels.subarray(from, from + columns * 3), row * width * 3);
  }
  return { pixels, width, height };
}
