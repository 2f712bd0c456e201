import { readFile, readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp, { type JpegOptions } from "sharp";
import { describe, expect, it } from "vitest";
import { decodePhoto } from "@similarfaces/extract";
import { plainJpeg } from "../src/plainJpeg.js";
import { rebuildJpeg } from "../src/rebuildJpeg.js";

const SAMPLES = fileURLToPath(new URL("../../../models/samples/photos", import.meta.url));

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function noise({ width, height, random }: { width: number; height: number; random: () => number }) {
  const small = Buffer.from(Array.from({ length: 40 * 30 * 3 }, () => Math.floor(random() * 256)));
  return sharp(small, { raw: { width: 40, height: 30, channels: 3 } }).resize(width, height, { fit: "fill" });
}

const ENCODERS: JpegOptions[] = [
  {},
  { progressive: true },
  { chromaSubsampling: "4:4:4", optimiseCoding: true },
  { mozjpeg: true },
  { quality: 30 },
];

const segment = (marker: number, payload: Buffer) =>
  Buffer.concat([
    Buffer.from([0xff, marker, (payload.length + 2) >> 8, (payload.length + 2) & 0xff]),
    payload,
  ]);

interface Part {
  marker: number;
  bytes: Buffer;
  /** The coded data behind the header of a scan. */
  scan?: Buffer;
}

function partsOf(jpeg: Buffer): Part[] {
  const parts: Part[] = [];
  for (let at = 2; jpeg[at + 1] !== 0xd9;) {
    const marker = jpeg[at + 1]!;
    const end = at + 2 + jpeg.readUInt16BE(at + 2);
    let next = end;
    if (marker === 0xda) {
      while (!(jpeg[next] === 0xff && jpeg[next + 1] !== 0 && (jpeg[next + 1]! & 0xf8) !== 0xd0)) next++;
    }
    parts.push({
      marker,
      bytes: jpeg.subarray(at, end),
      ...(marker === 0xda ? { scan: jpeg.subarray(end, next) } : {}),
    });
    at = next;
  }
  return parts;
}

function joined(parts: readonly Part[], tail: Buffer = Buffer.alloc(0)): Buffer {
  const all = parts.flatMap(({ bytes, scan }) => (scan ? [bytes, scan] : [bytes]));
  return Buffer.concat([Buffer.from([0xff, 0xd8]), ...all, Buffer.from([0xff, 0xd9]), tail]);
}

const SECRET = "52.5163N 13.3777E, at home";
const secret = Buffer.from(SECRET);

/** Each way to carry something along in a JPEG that decoders still open. */
const HIDING: Record<string, (parts: Part[], random: () => number) => Buffer> = {
  "an application segment, anywhere": (parts, random) => {
    const marker = 0xe0 + Math.floor(random() * 16);
    return joined(
      parts.toSpliced(Math.floor(random() * parts.length), 0, { marker, bytes: segment(marker, secret) }),
    );
  },
  "a comment, anywhere": (parts, random) =>
    joined(
      parts.toSpliced(Math.floor(random() * parts.length), 0, { marker: 0xfe, bytes: segment(0xfe, secret) }),
    ),
  "the thumbnail of a JFIF segment": (parts) =>
    joined([
      {
        marker: 0xe0,
        bytes: segment(
          0xe0,
          Buffer.concat([
            Buffer.from("JFIF\0\x01\x01\0\0\x01\0\x01\x03\x03", "latin1"),
            secret,
            Buffer.from("x"),
          ]),
        ),
      },
      ...parts.filter(({ marker }) => marker !== 0xe0),
    ]),
  "a JFXX segment": (parts) =>
    joined(
      parts.toSpliced(1, 0, {
        marker: 0xe0,
        bytes: segment(0xe0, Buffer.concat([Buffer.from("JFXX\0\x13"), secret])),
      }),
    ),
  "behind the fields of an Adobe segment": (parts) =>
    joined([
      {
        marker: 0xee,
        bytes: segment(0xee, Buffer.concat([Buffer.from("Adobe\0\x64\0\0\0\0\x01", "latin1"), secret])),
      },
      ...parts,
    ]),
  "the flags of an Adobe segment": (parts) =>
    joined([
      { marker: 0xee, bytes: segment(0xee, Buffer.from(`Adobe\0\x64${SECRET.slice(0, 4)}\x01`, "latin1")) },
      ...parts,
    ]),
  "a table that no scan reads": (parts) =>
    joined([
      {
        marker: 0xdb,
        bytes: segment(0xdb, Buffer.concat([Buffer.from([3]), secret, Buffer.alloc(64 - secret.length, 1)])),
      },
      ...parts,
    ]),
  "a table that is replaced before it is read": (parts) =>
    joined([
      {
        marker: 0xdb,
        bytes: segment(0xdb, Buffer.concat([Buffer.from([0]), secret, Buffer.alloc(64 - secret.length, 1)])),
      },
      ...parts,
    ]),
  "fill bytes and what follows the end": (parts) =>
    joined(
      parts.map((part) => ({ ...part, bytes: Buffer.concat([Buffer.alloc(5, 0xff), part.bytes]) })),
      secret,
    ),
  "a second picture behind the end": (parts) => joined(parts, Buffer.concat([joined(parts), secret])),
  "between the last code and the next marker, of several scans": (parts) =>
    parts.filter(({ scan }) => scan).length > 1
      ? joined(
          parts.map((part) => (part.scan ? { ...part, scan: Buffer.concat([part.scan, secret]) } : part)),
        )
      : joined(parts, secret),
  "a longer frame header": (parts) =>
    joined(
      parts.map((part) =>
        isFrame(part)
          ? { ...part, bytes: segment(part.marker, Buffer.concat([part.bytes.subarray(4), secret])) }
          : part,
      ),
    ),
  "a longer scan header": (parts) =>
    joined(
      parts.map((part) =>
        part.scan ? { ...part, bytes: segment(0xda, Buffer.concat([part.bytes.subarray(4), secret])) } : part,
      ),
    ),
  "a second restart interval of odd length": (parts) =>
    joined([{ marker: 0xdd, bytes: segment(0xdd, Buffer.concat([Buffer.alloc(2), secret])) }, ...parts]),
  "a segment of a kind that nobody knows": (parts) =>
    joined([{ marker: 0xf7, bytes: segment(0xf7, secret) }, ...parts]),
  "between two segments": (parts) => joined(parts.toSpliced(1, 0, { marker: 0, bytes: secret })),
  "a second frame header": (parts) => {
    const frame = parts.find(isFrame)!;
    return joined(parts.toSpliced(1, 0, { marker: 0xc0, bytes: Buffer.concat([frame.bytes, secret]) }));
  },
};

function isFrame({ marker }: Part): boolean {
  return marker >= 0xc0 && marker <= 0xc2;
}

describe("a JPEG that is kept", () => {
  it.each(Object.keys(HIDING))("takes nothing along in %s", async (name) => {
    for (let seed = 1; seed <= 10; seed++) {
      const random = randomOf(seed);
      const size = { width: 17 + Math.floor(random() * 150), height: 17 + Math.floor(random() * 150) };
      const upload = await noise({ ...size, random })
        .jpeg(ENCODERS[seed % ENCODERS.length]!)
        .toBuffer();
      const hiding = HIDING[name]!(partsOf(upload), random);
      expect(hiding.includes(SECRET.slice(0, 4))).toBe(true);
      const plain = await plainJpeg(hiding).catch(() => undefined);
      if (!plain) continue;
      const kept = Buffer.from(plain);
      for (let from = 0; from + 4 <= SECRET.length; from += 4) {
        expect(kept.includes(SECRET.slice(from, from + 4))).toBe(false);
      }
      // And nothing of the picture is lost.
      expect(Buffer.compare((await decodePhoto(plain)).pixels, (await decodePhoto(upload)).pixels)).toBe(0);
    }
  });

  it("is kept whatever says something about it, not encoded anew", async () => {
    const upload = await noise({ width: 99, height: 77, random: randomOf(1) })
      .jpeg()
      .toBuffer();
    const kept = [
      "an application segment, anywhere",
      "a comment, anywhere",
      "the thumbnail of a JFIF segment",
      "a JFXX segment",
      "behind the fields of an Adobe segment",
      "a table that no scan reads",
      "fill bytes and what follows the end",
    ];
    for (const name of kept) {
      expect([name, await plainJpeg(HIDING[name]!(partsOf(upload), randomOf(2)))]).not.toContain(undefined);
    }
  });

  it("is the same picture, of any encoder and size, and rebuilding it again changes nothing", async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = randomOf(seed);
      const size = { width: 1 + Math.floor(random() * 200), height: 1 + Math.floor(random() * 200) };
      const photo = noise({ ...size, random });
      const upload = await (seed % 7 === 0 ? photo.toColourspace("b-w") : photo)
        .jpeg(ENCODERS[seed % ENCODERS.length]!)
        .toBuffer();
      const rebuilt = rebuildJpeg(upload)!;
      expect(rebuilt).toBeDefined();
      expect(
        Buffer.compare((await decodePhoto(rebuilt.bytes)).pixels, (await decodePhoto(upload)).pixels),
      ).toBe(0);
      expect(Buffer.compare(rebuildJpeg(rebuilt.bytes)!.bytes, rebuilt.bytes)).toBe(0);
    }
  });

  it("is never longer than it came, and every sample is kept", async () => {
    for (const name of (await readdir(SAMPLES)).filter((file) => file.endsWith(".jpg"))) {
      const upload = await readFile(`${SAMPLES}/${name}`);
      const rebuilt = rebuildJpeg(upload);
      expect(rebuilt!.bytes.length).toBeLessThanOrEqual(upload.length);
      expect(rebuilt!.scans).toBe(1);
    }
  });

  it("of bytes that were changed anywhere is one that decoders open, or is encoded anew", async () => {
    const random = randomOf(99);
    const upload = await noise({ width: 64, height: 48, random }).jpeg().toBuffer();
    for (let round = 0; round < 500; round++) {
      const broken = Buffer.from(upload);
      for (let i = 0; i < 3; i++) broken[Math.floor(random() * broken.length)] = Math.floor(random() * 256);
      const rebuilt = rebuildJpeg(broken);
      if (!rebuilt) continue;
      expect(Buffer.compare(rebuildJpeg(rebuilt.bytes)!.bytes, rebuilt.bytes)).toBe(0);
    }
  });
});
