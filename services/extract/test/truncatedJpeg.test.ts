import sharp, { type JpegOptions } from "sharp";
import { describe, expect, it } from "vitest";
import { decodePhoto } from "@similarfaces/extract";

const [WIDTH, HEIGHT] = [320, 640];

/** Noise, so that every row takes about as many bytes. */
function noise(width = WIDTH, height = HEIGHT) {
  const pixels = Buffer.alloc(width * height * 3);
  for (let i = 0; i < pixels.length; i++) pixels[i] = (i * 2654435761) >>> 24;
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

const END = Buffer.from([0xff, 0xd9]);
const cut = (jpeg: Buffer, share: number) => jpeg.subarray(0, Math.floor(jpeg.length * share));
const refused = { code: "undecodable_image", message: /damaged or cut short/ };
const SHAPES: [string, JpegOptions][] = [
  ["4:2:0", {}],
  ["4:4:4", { chromaSubsampling: "4:4:4" }],
  ["optimised", { optimiseCoding: true, quality: 60 }],
];

describe("a JPEG that is cut short", () => {
  it.each(SHAPES)("by its end marker alone is decoded whole: %s", async (_, options) => {
    const jpeg = await noise().jpeg(options).toBuffer();
    const photo = await decodePhoto(jpeg.subarray(0, -2));
    expect(photo).toMatchObject({
      isTruncated: true,
      decoded: { left: 0, top: 0, width: WIDTH, height: HEIGHT },
    });
    const whole = await decodePhoto(jpeg);
    expect(whole.isTruncated).toBe(false);
    expect(Buffer.compare(photo.pixels, whole.pixels)).toBe(0);
  });

  it.each(SHAPES)("by three percent is decoded as far as it goes: %s", async (_, options) => {
    const jpeg = await noise().jpeg(options).toBuffer();
    const { isTruncated, decoded, pixels, width, height } = await decodePhoto(cut(jpeg, 0.97));
    expect({ isTruncated, width, height }).toEqual({ isTruncated: true, width: WIDTH, height: HEIGHT });
    expect(decoded).toMatchObject({ left: 0, top: 0, width: WIDTH });
    // What the file holds is decoded but for the row of blocks that it ends in, and what is interpolated from that.
    expect(decoded.height).toBeGreaterThanOrEqual(Math.floor(0.96 * HEIGHT) - 17);
    expect(decoded.height).toBeLessThanOrEqual(0.98 * HEIGHT);
    const rows = decoded.height * WIDTH * 3;
    const whole = await decodePhoto(jpeg);
    expect(Buffer.compare(pixels.subarray(0, rows), whole.pixels.subarray(0, rows))).toBe(0);
  });

  it.each([0.02, 0.3, 0.5, 0.9])("of which %f is there is refused", async (share) => {
    for (const [, options] of SHAPES) {
      const jpeg = await noise().jpeg(options).toBuffer();
      await expect(decodePhoto(cut(jpeg, share))).rejects.toMatchObject(refused);
    }
  });

  it("and closed by an end marker is known all the same", async () => {
    const jpeg = await noise().jpeg().toBuffer();
    expect(await decodePhoto(Buffer.concat([cut(jpeg, 0.97), END]))).toMatchObject({ isTruncated: true });
    await expect(decodePhoto(Buffer.concat([cut(jpeg, 0.5), END]))).rejects.toMatchObject(refused);
  });

  it("and closed by an end marker is told from one with a damaged strip, where it has restarts", async () => {
    const jpeg = await restarting();
    expect(await decodePhoto(jpeg)).toMatchObject({ isTruncated: false });
    for (const share of [0.97, 0.5]) {
      const closed = decodePhoto(Buffer.concat([cut(jpeg, share), END]));
      if (share > 0.95) expect(await closed).toMatchObject({ isTruncated: true });
      else await expect(closed).rejects.toMatchObject(refused);
    }
    const third = jpeg.indexOf(Buffer.from([0xff, 0xd2]));
    const damaged = Buffer.concat([jpeg.subarray(0, third - 100), jpeg.subarray(third)]);
    expect(await decodePhoto(damaged)).toMatchObject({ isTruncated: false });
  });

  // Which side of the upright photo the last rows of the file come to lie at.
  it.each([
    { orientation: 1, missing: "bottom" },
    { orientation: 2, missing: "bottom" },
    { orientation: 3, missing: "top" },
    { orientation: 4, missing: "top" },
    { orientation: 5, missing: "right" },
    { orientation: 6, missing: "left" },
    { orientation: 7, missing: "left" },
    { orientation: 8, missing: "right" },
  ])("of EXIF orientation $orientation lacks the $missing", async ({ orientation, missing }) => {
    const jpeg = await noise().withMetadata({ orientation }).jpeg().toBuffer();
    const { decoded, width, height, pixels } = await decodePhoto(cut(jpeg, 0.97));
    const isGrey = (x: number, y: number) =>
      pixels
        .subarray((y * width + x) * 3, (y * width + x + 1) * 3)
        .every((value) => Math.abs(value - 128) < 3);
    const gaps = {
      left: decoded.left,
      top: decoded.top,
      right: width - decoded.left - decoded.width,
      bottom: height - decoded.top - decoded.height,
    };
    expect(
      Object.entries(gaps)
        .filter(([, gap]) => gap > 0)
        .map(([side]) => side),
    ).toEqual([missing]);
    const [x, y] = { left: [0, 9], top: [9, 0], right: [width - 1, 9], bottom: [9, height - 1] }[missing]!;
    expect(isGrey(x!, y!)).toBe(true);
  });

  it("and progressive is decoded where its first scans came whole, large or small", async () => {
    for (const photo of [noise(), noise(5_000, 4_200)]) {
      const jpeg = await photo.jpeg({ progressive: true, quality: 40 }).toBuffer();
      const scans = scansOf(jpeg);
      // One scan has the first coefficients of all three components.
      const [, second = 0, third = 0] = scans;
      const size = await sharp(jpeg).metadata();
      for (const end of [third, jpeg.length - 2]) {
        const { isTruncated, decoded } = await decodePhoto(jpeg.subarray(0, end + 1));
        expect(isTruncated).toBe(true);
        expect(decoded).toEqual({ left: 0, top: 0, width: size.width, height: size.height });
      }
      await expect(decodePhoto(jpeg.subarray(0, second - 100))).rejects.toMatchObject(refused);
    }
  });

  it("with stray bytes, and whole, is no such JPEG", async () => {
    const jpeg = await noise().jpeg().toBuffer();
    const stray = Buffer.concat([jpeg.subarray(0, -2), Buffer.from("stray"), END]);
    const photo = await decodePhoto(stray);
    expect(photo.isTruncated).toBe(false);
    expect(Buffer.compare(photo.pixels, (await decodePhoto(jpeg)).pixels)).toBe(0);
  });

  it("is decoded or refused, wherever it ends", async () => {
    const small = await noise(64, 200).jpeg({ progressive: false }).toBuffer();
    const coarse = await noise(64, 200).jpeg({ progressive: true }).toBuffer();
    for (const jpeg of [small, coarse]) {
      for (let end = 0; end < jpeg.length; end += 97) {
        const outcome = await decodePhoto(jpeg.subarray(0, end)).then(
          ({ isTruncated }) => isTruncated,
          (error: { code: string }) => error.code,
        );
        expect([end, outcome]).toEqual([end, expect.toBeOneOf([true, "undecodable_image"])]);
      }
    }
  });
});

/** Grey, with a restart after each row of blocks: what a scan of these alone would be, as all have the same tables. */
async function restarting(): Promise<Buffer> {
  const strips = await Promise.all(
    Array.from({ length: HEIGHT / 8 }, (_, i) =>
      noise()
        .extract({ left: 0, top: 8 * i, width: WIDTH, height: 8 })
        .toColourspace("b-w")
        .jpeg({ optimiseCoding: false })
        .toBuffer(),
    ),
  );
  const [first] = strips as [Buffer];
  const [scan] = scansOf(first) as [number];
  const data = scan + 2 + first.readUInt16BE(scan + 2);
  const head = Buffer.from(first.subarray(0, data));
  head.writeUInt16BE(HEIGHT, head.indexOf(Buffer.from([0xff, 0xc0])) + 5);
  const interval = Buffer.from([0xff, 0xdd, 0, 4, 0, WIDTH / 8]);
  const rows = strips.flatMap((strip, i) => [
    ...(i > 0 ? [Buffer.from([0xff, 0xd0 + ((i - 1) % 8)])] : []),
    strip.subarray(data, -2),
  ]);
  return Buffer.concat([head.subarray(0, scan), interval, head.subarray(scan), ...rows, END]);
}

/** Where each scan's marker stands. */
function scansOf(jpeg: Buffer): number[] {
  const scans: number[] = [];
  const marker = Buffer.from([0xff, 0xda]);
  for (let at = jpeg.indexOf(marker); at >= 0; at = jpeg.indexOf(marker, at + 2)) scans.push(at);
  return scans;
}
