import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decodePhoto } from "@similarfaces/extract";
import { plainJpeg } from "../src/photo/plainJpeg.js";
import { rebuildJpeg } from "../src/jpeg/rebuildJpeg.js";

/** Noise, so that scans are long and full of stuffed bytes. */
function noise() {
  const pixels = Buffer.alloc(320 * 240 * 3);
  for (let i = 0; i < pixels.length; i++) pixels[i] = (i * 2654435761) >>> 24;
  return sharp(pixels, { raw: { width: 320, height: 240, channels: 3 } });
}

const SECRETS = { IFD0: { Copyright: "somebody", Make: "a camera" }, IFD3: { GPSLatitude: "51/1 30/1 0/1" } };

describe("plainJpeg", () => {
  it.each([
    { name: "baseline", options: {} },
    { name: "progressive", options: { progressive: true } },
    { name: "optimised, full chroma", options: { mozjpeg: true, chromaSubsampling: "4:4:4" } },
  ])("keeps every pixel and no metadata: $name", async ({ options }) => {
    const upload = await noise()
      .withExif(SECRETS)
      .withXmp("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
      .jpeg(options)
      .toBuffer();
    const plain = (await plainJpeg(upload))!;
    expect(plain.length).toBeLessThan(upload.length);
    const { exif, xmp, icc, iptc } = await sharp(plain).metadata();
    expect({ exif, xmp, icc, iptc }).toEqual({});
    expect(Buffer.from(plain).includes("somebody")).toBe(false);
    expect(Buffer.compare((await decodePhoto(plain)).pixels, (await decodePhoto(upload)).pixels)).toBe(0);
  });

  it("cuts off what follows the picture, as cameras' films and second pictures do", async () => {
    const upload = await noise().jpeg().toBuffer();
    const plain = await plainJpeg(Buffer.concat([upload, Buffer.from("a film"), upload]));
    expect(Buffer.compare(plain!, (await plainJpeg(upload))!)).toBe(0);
  });

  it("drops comments, between scans too, and keeps restart intervals and fill bytes", async () => {
    const upload = await noise().jpeg().toBuffer();
    const comment = Buffer.from([0xff, 0xfe, 0, 8, ...Buffer.from("secret")]);
    const fill = Buffer.from([0xff]);
    const noted = Buffer.concat([upload.subarray(0, 2), comment, fill, upload.subarray(2)]);
    const plain = Buffer.from((await plainJpeg(noted))!);
    expect(plain.includes("secret")).toBe(false);
    expect(Buffer.compare((await decodePhoto(plain)).pixels, (await decodePhoto(upload)).pixels)).toBe(0);
  });

  it("takes an sRGB profile for what everybody assumes, and a grey photo", async () => {
    const srgb = await noise().withIccProfile("srgb").jpeg().toBuffer();
    expect((await sharp((await plainJpeg(srgb))!).metadata()).icc).toBeUndefined();
    const grey = await noise().toColourspace("b-w").jpeg().toBuffer();
    expect(await plainJpeg(grey)).toBeDefined();
  });

  it("leaves to the encoder what is turned, in other colours, or no JPEG", async () => {
    expect(await plainJpeg(await noise().withMetadata({ orientation: 6 }).jpeg().toBuffer())).toBeUndefined();
    expect(await plainJpeg(await noise().withIccProfile("p3").jpeg().toBuffer())).toBeUndefined();
    expect(await plainJpeg(await noise().toColourspace("cmyk").jpeg().toBuffer())).toBeUndefined();
    expect(await plainJpeg(await noise().png().toBuffer())).toBeUndefined();
  });

  it("makes nothing of markers that make no sense", async () => {
    const upload = await noise().jpeg().toBuffer();
    expect(await rebuildJpeg(upload.subarray(0, 400))).toBeUndefined();
    expect(await rebuildJpeg(upload.subarray(0, upload.length - 2))).toBeUndefined();
    const text = Buffer.concat([upload.subarray(0, 2), Buffer.from("text"), upload.subarray(2)]);
    expect(await rebuildJpeg(text)).toBeUndefined();
  });
});
