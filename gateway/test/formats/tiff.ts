/** Tag, and its value: a number as SHORT or LONG, several as SHORT, a text as ASCII. */
export type Tag = readonly [tag: number, value: number | readonly number[] | string];

const [SHORT, LONG, ASCII] = [3, 4, 2];
const STRIP_OFFSETS = 273;

/** A TIFF of one directory, little endian, with the data as its strip, and what is to stand between header and directory (TIFF 6.0). */
export function tiffOf(tags: readonly Tag[], data = Buffer.alloc(12), mark = ""): Buffer {
  const all = [...tags, [STRIP_OFFSETS, 0] as Tag].toSorted(([a], [b]) => a - b);
  const directory = 8 + mark.length;
  let end = directory + 2 + 12 * all.length + 4;
  const behind: Buffer[] = [];
  const entries = all.map(([tag, value]) => {
    const entry = Buffer.alloc(12);
    const isNumber = typeof value === "number";
    const type = typeof value === "string" ? ASCII : isNumber && value > 0xffff ? LONG : SHORT;
    entry.writeUInt16LE(tag, 0);
    entry.writeUInt16LE(isNumber ? LONG : type, 2);
    entry.writeUInt32LE(isNumber ? 1 : value.length, 4);
    if (isNumber) entry.writeUInt32LE(value, 8);
    else {
      const bytes = typeof value === "string" ? Buffer.from(value, "latin1") : shorts(value);
      if (bytes.length <= 4) bytes.copy(entry, 8);
      else {
        entry.writeUInt32LE(end, 8);
        behind.push(bytes);
        end += bytes.length;
      }
    }
    return entry;
  });
  entries[all.findIndex(([tag]) => tag === STRIP_OFFSETS)]!.writeUInt32LE(end, 8);
  const head = Buffer.alloc(8 + mark.length + 2);
  head.write(`II*\0`, 0, "latin1");
  head.writeUInt32LE(directory, 4);
  head.write(mark, 8, "latin1");
  head.writeUInt16LE(all.length, directory);
  return Buffer.concat([head, ...entries, Buffer.alloc(4), ...behind, data]);
}

function shorts(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt16LE(value, 2 * i);
  return bytes;
}

/** What every picture has: 64 by 64 pixels of three samples, in one strip. */
export const PICTURE = (bits: number, photometric: number): Tag[] => [
  [256, 64],
  [257, 64],
  [258, [bits, bits, bits]],
  [259, 1],
  [262, photometric],
  [277, 3],
  [278, 64],
  [279, (64 * 64 * 3 * bits) / 8],
];

/** The first directory of a RAW photo: a small picture, and the number of a directory with the sensor's. */
export const rawOf = (make: string, more: readonly Tag[] = [], mark = ""): Buffer =>
  tiffOf([[254, 1], [256, 160], [257, 120], [271, `${make}\0`], [330, 8], ...more], undefined, mark);
