import { deflateSync } from "node:zlib";
import sharp from "sharp";

/** Files of a few kilobytes that would hold a decoder for minutes, each by other means. */

const flat = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: "#777" }, limitInputPixels: false });

export const flatPng = (width: number, height: number) => flat(width, height).png().toBuffer();

const be16 = (value: number) => [value >> 8, value & 0xff];
const segment = (marker: number, ...payload: number[]) =>
  Buffer.from([0xff, marker, ...be16(payload.length + 2), ...payload]);

/**
 * A progressive JPEG, grey, of that many scans: one for every coefficient by itself, then again for every bit. All that a scan says is
 * that nothing follows, for 32,767 blocks at a time.
 */
export function scansJpeg(width: number, height: number, scans: number): Buffer {
  const blocks = Math.ceil(width / 8) * Math.ceil(height / 8);
  // Code 0 of the table of the alternating coefficients: 16,384 blocks and the 14 bits that follow.
  let runs = "";
  for (let left = blocks; left > 0; left -= 32_767) runs += "0" + "1".repeat(14);
  const ends = Buffer.from(
    runs.match(/.{1,8}/g)!.flatMap((bits) => stuffed(parseInt(bits.padEnd(8, "1"), 2))),
  );
  const parts = [
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, 0, ...Array<number>(64).fill(1)),
    segment(0xc2, 8, ...be16(height), ...be16(width), 1, 1, 0x11, 0),
    segment(0xc4, 0x00, 1, ...Array<number>(15).fill(0), 0),
    segment(0xc4, 0x10, 1, ...Array<number>(15).fill(0), 0xe0),
    segment(0xda, 1, 1, 0, 0, 0, 0),
    Buffer.alloc(Math.ceil(blocks / 8)),
  ];
  for (let scan = 1; scan < scans; scan++) {
    const coefficient = 1 + ((scan - 1) % 63);
    const bit = 13 - Math.floor((scan - 1) / 63);
    parts.push(
      segment(0xda, 1, 1, 0, coefficient, coefficient, ((bit === 13 ? 0 : bit + 1) << 4) | bit),
      ends,
    );
  }
  return Buffer.concat([...parts, Buffer.from([0xff, 0xd9])]);
}

function stuffed(byte: number): number[] {
  return byte === 0xff ? [byte, 0] : [byte];
}

/** An animation of one frame of 16 pixels, again and again. */
export async function framesWebp(frames: number): Promise<Buffer> {
  const picture = (await flat(16, 16).webp({ lossless: true }).toBuffer()).subarray(12);
  const frame = Buffer.alloc(24);
  frame.write("ANMF");
  frame.writeUInt32LE(16 + picture.length, 4);
  frame.writeUIntLE(15, 14, 3);
  frame.writeUIntLE(15, 17, 3);
  const canvas = Buffer.alloc(18);
  canvas.write("VP8X");
  canvas.writeUInt32LE(10, 4);
  canvas[8] = 2;
  canvas.writeUIntLE(15, 12, 3);
  canvas.writeUIntLE(15, 15, 3);
  const animation = Buffer.alloc(14);
  animation.write("ANIM");
  animation.writeUInt32LE(6, 4);
  const all = Array<Buffer>(frames).fill(Buffer.concat([frame, picture]));
  const body = Buffer.concat([Buffer.from("WEBP"), canvas, animation, ...all]);
  const head = Buffer.alloc(8);
  head.write("RIFF");
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body]);
}

/** One AVIF picture whose frame is there that often: a decoder decodes every one of them. */
export async function framesAvif(width: number, height: number, frames: number): Promise<Buffer> {
  const avif = await flat(width, height).avif({ quality: 30, effort: 0 }).toBuffer();
  const dataAt = avif.indexOf("mdat") + 4;
  const units = avif.subarray(dataAt);
  let last = 0;
  for (let at = 0; at < units.length;) {
    last = at;
    let length = 0;
    let sizeAt = at + 1;
    for (let shift = 0; ; shift += 7) {
      const byte = units[sizeAt++]!;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    at = sizeAt + length;
  }
  const data = Buffer.concat([units, ...Array<Buffer>(frames - 1).fill(units.subarray(last))]);
  const bomb = Buffer.concat([avif.subarray(0, dataAt), data]);
  bomb.writeUInt32BE(data.length + 8, dataAt - 8);
  // The one extent of the one item, at the end of its box.
  const locationAt = avif.indexOf("iloc") - 4;
  const lengthAt = locationAt + avif.readUInt32BE(locationAt) - 4;
  if (avif.readUInt32BE(lengthAt) !== units.length) throw new Error("the item's length is elsewhere");
  bomb.writeUInt32BE(data.length, lengthAt);
  return bomb;
}

/** Frames of 16 pixels, of the first of which another size may be said than of the canvas. */
export function framesGif(frames: number, [width, height] = [16, 16]): Buffer {
  const le16 = (value: number) => [value & 0xff, value >> 8];
  const head = [...Buffer.from("GIF89a"), ...le16(16), ...le16(16), 0x80, 0, 0, 0, 0, 0, 255, 255, 255];
  const control = [0x21, 0xf9, 4, 0, 10, 0, 0, 0];
  const image = [0x2c, 0, 0, 0, 0, ...le16(width!), ...le16(height!), 0];
  const frame = Buffer.from([...control, ...image, 2, 2, 0x44, 0x01, 0]);
  return Buffer.concat([Buffer.from(head), ...Array<Buffer>(frames).fill(frame), Buffer.from([0x3b])]);
}

/** A TIFF that is one tile of 20,000 by 20,000 pixels, of which the photo is the corner. */
export function bigTileTiff(): Buffer {
  const side = 20_000;
  // It is refused before it is read.
  const tile = deflateSync(Buffer.alloc(side));
  const tags: [tag: number, value: number][] = [
    [256, 100],
    [257, 100],
    [258, 8],
    [259, 8],
    [262, 1],
    [277, 1],
    [322, side],
    [323, side],
    [324, 8 + 2 + 10 * 12 + 4],
    [325, tile.length],
  ];
  const head = Buffer.alloc(8 + 2 + tags.length * 12 + 4);
  head.write("II*\0", "latin1");
  head.writeUInt32LE(8, 4);
  head.writeUInt16LE(tags.length, 8);
  for (const [i, [tag, value]] of tags.entries()) {
    head.writeUInt16LE(tag, 10 + i * 12);
    head.writeUInt16LE(4, 12 + i * 12);
    head.writeUInt32LE(1, 14 + i * 12);
    head.writeUInt32LE(value, 18 + i * 12);
  }
  return Buffer.concat([head, tile]);
}
