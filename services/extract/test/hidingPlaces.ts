/** What nobody may find in a photo that is kept. */
export const SECRET = "52.5163N 13.3777E, at home";
const secret = Buffer.from(SECRET);

export interface Part {
  marker: number;
  bytes: Buffer;
  /** The coded data behind the header of a scan. */
  scan?: Buffer;
}

/** Each way to carry something along in a JPEG that decoders still open. */
export const HIDING: Record<string, (parts: Part[], random: () => number) => Buffer> = {
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

/** The segments of a JPEG between its first and its last marker, in order. */
export function partsOf(jpeg: Buffer): Part[] {
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

const segment = (marker: number, payload: Buffer) =>
  Buffer.concat([
    Buffer.from([0xff, marker, (payload.length + 2) >> 8, (payload.length + 2) & 0xff]),
    payload,
  ]);

function isFrame({ marker }: Part): boolean {
  return marker >= 0xc0 && marker <= 0xc2;
}
