import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { MODELS, openExtract } from "./openExtract.js";

const { extract } = openExtract();

/** Faces of the sample gallery in rows of five, each `face` pixels wide, moved about within its place. */
async function rowsOf(count: number, face: number, size: { width: number; height: number }) {
  // A portrait's face is a bit less than half of its side.
  const side = Math.round(face / 0.46);
  const columns = 5;
  const rows = Math.ceil(count / columns);
  const layers = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const name = `composite-${String(i + 1).padStart(3, "0")}`;
      const input = await sharp(`${MODELS}/samples/gallery/${name}.jpg`).resize(side, side).toBuffer();
      const middle = {
        x: (((i % columns) + 0.5) * size.width) / columns + ((i * 37) % 90),
        y: ((Math.floor(i / columns) + 0.5) * size.height) / rows - ((i * 53) % 90),
      };
      return { middle, input, left: Math.round(middle.x - side / 2), top: Math.round(middle.y - side / 2) };
    }),
  );
  const photo = await sharp({ create: { ...size, channels: 3, background: "#7a8791" } })
    .composite(layers)
    .jpeg({ quality: 90 })
    .toBuffer();
  return { photo, middles: layers.map(({ middle }) => middle) };
}

describe("small faces in a large photo", () => {
  it.each([
    { face: 30, width: 4000, height: 3000 },
    { face: 60, width: 4000, height: 3000 },
    { face: 60, width: 2500, height: 1900 },
    { face: 60, width: 8000, height: 6000 },
    { face: 200, width: 8000, height: 6000 },
  ])(
    "of $face pixels in $width x $height are found once each, and nothing else is",
    async ({ face, ...size }) => {
      const { photo, middles } = await rowsOf(20, face, size);
      const { extracted } = await extract({ photo });
      const places = extracted.faces.map(({ box }) => {
        const [x, y] = [box!.x + box!.width / 2, box!.y + box!.height / 2];
        return middles.findIndex((middle) => Math.hypot(middle.x - x, middle.y - y) < face);
      });
      expect(places.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    },
  );
});
