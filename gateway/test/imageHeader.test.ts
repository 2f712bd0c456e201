import type { StageFailure } from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import { readImageHeader } from "../src/jobs/imageHeader.js";

const bytes = (hex: string) => Buffer.from(hex.replaceAll(" ", ""), "hex");
const text = (content: string) => Buffer.from(content, "latin1");

/** Headers by hand, from the formats' specifications: nothing of a picture but its size. */
const HEADERS = {
  // SOI, APP0, then SOF0: 8 bits, height 2, width 3, three components.
  jpeg: bytes(
    "ffd8 ffe0 0010 4a46494600 0101 00 0001 0001 0000 ffc0 0011 08 0002 0003 03 012200 021101 031101 ffd9",
  ),
  png: bytes("89504e470d0a1a0a 0000000d 49484452 00000003 00000002 08 02 00 00 00 00000000"),
  gif: bytes("474946383961 0300 0200 00 00 00 3b"),
  // RIFF, VP8X: 24 bits of width - 1 and height - 1.
  webp: bytes("52494646 1e000000 57454250 56503858 0a000000 00000000 020000 010000 000000000000"),
  // Little endian, one directory with ImageWidth and ImageLength.
  tiff: bytes("49492a00 08000000 0200 0001 0300 01000000 03000000 0101 0300 01000000 02000000 00000000"),
};

const codeOf = (content: Uint8Array): string => {
  try {
    readImageHeader(content);
    return "taken";
  } catch (error) {
    return (error as StageFailure).code;
  }
};

describe("a photo's header", () => {
  it.each(Object.entries(HEADERS))("of %s gives type and size", (type, content) => {
    expect(readImageHeader(content)).toEqual({ contentType: `image/${type}`, size: { width: 3, height: 2 } });
  });

  it("of AVIF gives type and size", () => {
    // ftyp avif, then meta > iprp > ipco > ispe: version, width 3, height 2.
    const ispe = bytes("00000014 69737065 00000000 00000003 00000002");
    const ipco = Buffer.concat([bytes("0000001c 6970636f"), ispe]);
    const iprp = Buffer.concat([bytes("00000024 69707270"), ipco]);
    const meta = Buffer.concat([bytes("00000030 6d657461 00000000"), iprp]);
    const avif = Buffer.concat([bytes("00000018 66747970 61766966 00000000 61766966 6d696631"), meta]);
    expect(readImageHeader(avif)).toEqual({ contentType: "image/avif", size: { width: 3, height: 2 } });
  });

  it.each([
    ["SVG", text('<?xml version="1.0"?><svg width="10" height="10"/>'), "drawing"],
    ["HTML", text("<!doctype html><title>no photo</title>"), "web page"],
    ["text", text("hello, this is not a photo at all"), "no photo"],
    ["PDF", text("%PDF-1.7\n"), "PDF"],
    ["HEIC", Buffer.concat([bytes("00000018"), text("ftypheic\0\0\0\0mif1heic")]), "HEIC"],
  ])("of %s is refused, saying what it is", (_, content, word) => {
    expect(codeOf(content)).toBe("unsupported_type");
    expect(() => readImageHeader(content)).toThrow(word);
  });

  it("that ends too early, or says that there is nothing, is unreadable", () => {
    expect(codeOf(new Uint8Array())).toBe("empty_body");
    for (const [type, content] of Object.entries(HEADERS)) {
      expect(codeOf(Uint8Array.from(content.subarray(0, type === "gif" ? 8 : 12)))).toBe("unreadable_image");
    }
    const empty = Buffer.from(HEADERS.png);
    empty.writeUInt32BE(0, 16);
    expect(codeOf(empty)).toBe("unreadable_image");
  });

  it("beyond 60 megapixels is too large, one within is not", () => {
    const png = Buffer.from(HEADERS.png);
    png.writeUInt32BE(10_000, 16);
    png.writeUInt32BE(6_000, 20);
    expect(codeOf(png)).toBe("taken");
    png.writeUInt32BE(6_001, 20);
    expect(codeOf(png)).toBe("image_too_large");
  });

  it("of more than 20,000 pixels on a side is too large, however thin the photo, and says so", () => {
    const png = Buffer.from(HEADERS.png);
    for (const [width, height] of [
      [1, 20_001],
      [60_000_000, 1],
      [1, 60_000_000],
    ] as const) {
      png.writeUInt32BE(width, 16);
      png.writeUInt32BE(height, 20);
      expect(codeOf(png)).toBe("image_too_large");
      expect(() => readImageHeader(png)).toThrow(
        `The photo is ${width} by ${height} pixels; send one of at most 20000 on a side.`,
      );
    }
    png.writeUInt32BE(3_000, 16);
    png.writeUInt32BE(20_000, 20);
    expect(codeOf(png)).toBe("taken");
  });

  it("of noise after any known beginning never does worse than to be refused", () => {
    for (const content of Object.values(HEADERS)) {
      for (let seed = 1; seed <= 200; seed++) {
        const noisy = Buffer.from(content);
        for (let i = 8; i < noisy.length; i++) noisy[i] = (noisy[i]! ^ (seed * (i + 7))) & 0xff;
        expect(["taken", "unreadable_image", "image_too_large", "unsupported_type"]).toContain(codeOf(noisy));
      }
    }
  });
});
