/** A component of the picture: its sampling, and the number of its quantisation table. */
export interface Component {
  readonly id: number;
  readonly h: number;
  readonly v: number;
  readonly quantisation: number;
}

export interface JpegFrame {
  readonly isProgressive: boolean;
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
}

export interface Scan {
  /** With the numbers of the Huffman tables that it names. */
  readonly parts: readonly { component: Component; dc: number; ac: number }[];
  readonly from: number;
  readonly to: number;
  readonly high: number;
  readonly low: number;
}

/** Undefined where a segment does not hold what its kind holds, no less and no more (ITU T.81, annex B). */
export function readFrame(marker: number, payload: Buffer): JpegFrame | undefined {
  const [precision, count] = [payload[0], payload[5]];
  if (precision !== 8 || (count !== 1 && count !== 3) || payload.length !== 6 + 3 * count) return undefined;
  const components = Array.from({ length: count }, (_, i) => {
    const [id, sampling, quantisation] = payload.subarray(6 + 3 * i);
    return { id: id!, h: sampling! >> 4, v: sampling! & 0xf, quantisation: quantisation! };
  });
  const isValid = components.every(
    ({ id, h, v, quantisation }, i) =>
      h >= 1 &&
      h <= 4 &&
      v >= 1 &&
      v <= 4 &&
      quantisation <= 3 &&
      components.findIndex((c) => c.id === id) === i,
  );
  const height = payload.readUInt16BE(1);
  const width = payload.readUInt16BE(3);
  if (!isValid || width === 0 || height === 0) return undefined;
  return { isProgressive: marker === 0xc2, width, height, components };
}

export function readScan(payload: Buffer, frame: JpegFrame): Scan | undefined {
  const count = payload[0] ?? 0;
  if (count < 1 || count > frame.components.length || payload.length !== 4 + 2 * count) return undefined;
  const parts: { component: Component; dc: number; ac: number }[] = [];
  for (let i = 0; i < count; i++) {
    const component = frame.components.find(({ id }) => id === payload[1 + 2 * i]);
    const tables = payload[2 + 2 * i]!;
    if (!component || parts.some((part) => part.component === component)) return undefined;
    parts.push({ component, dc: tables >> 4, ac: tables & 0xf });
  }
  if (!frame.isProgressive) return { parts, from: 0, to: 63, high: 0, low: 0 };
  const [from, to, bits] = payload.subarray(1 + 2 * count);
  const scan = { parts, from: from!, to: to!, high: bits! >> 4, low: bits! & 0xf };
  const isValid = scan.from === 0 ? scan.to === 0 : scan.to >= scan.from && scan.to <= 63 && count === 1;
  return isValid ? scan : undefined;
}

/** How many units a scan has, and how many blocks each of its components has in one. */
export function unitsOf({ width, height, components }: JpegFrame, { parts }: Scan) {
  const hMax = Math.max(...components.map(({ h }) => h));
  const vMax = Math.max(...components.map(({ v }) => v));
  const [only] = parts;
  if (parts.length === 1) {
    const { h, v } = only!.component;
    const columns = Math.ceil(Math.ceil((width * h) / hMax) / 8);
    return { units: columns * Math.ceil(Math.ceil((height * v) / vMax) / 8), blocks: [1] };
  }
  const units = Math.ceil(width / (8 * hMax)) * Math.ceil(height / (8 * vMax));
  return { units, blocks: parts.map(({ component: { h, v } }) => h * v) };
}

/**
 * A check of scans in their order: whether each codes every bit of a coefficient once, first the higher ones, as decoders expect. Data that
 * is coded again could show other viewers another picture.
 */
export function scanOrder(frame: JpegFrame): (scan: Scan) => boolean {
  const known = new Map(frame.components.map((component) => [component, Array<number>(64).fill(Infinity)]));
  return ({ parts, from, to, high, low }) =>
    parts.every(({ component }) => {
      const bits = known.get(component)!;
      for (let coefficient = from; coefficient <= to; coefficient++) {
        const isNext =
          bits[coefficient] === Infinity
            ? high === 0
            : frame.isProgressive && bits[coefficient] === high && low === high - 1;
        if (!isNext || (coefficient > 0 && bits[0] === Infinity && frame.isProgressive)) return false;
        bits[coefficient] = low;
      }
      return true;
    });
}

/** The tables of a segment by their number, undefined where it holds anything else. */
export function readQuantisation(payload: Buffer): Map<number, Buffer> | undefined {
  const tables = new Map<number, Buffer>();
  for (let at = 0; at < payload.length;) {
    const head = payload[at]!;
    const end = at + 1 + (head >> 4 === 0 ? 64 : 128);
    if (head >> 4 > 1 || (head & 0xf) > 3 || end > payload.length) return undefined;
    tables.set(head & 0xf, payload.subarray(at, end));
    at = end;
  }
  return tables;
}

/** By class and number: 0 to 3 are of the first coefficients, 16 to 19 of the others. */
export function readHuffman(payload: Buffer): Map<number, Buffer> | undefined {
  const tables = new Map<number, Buffer>();
  for (let at = 0; at < payload.length;) {
    const head = payload[at]!;
    const counts = payload.subarray(at + 1, at + 17);
    if (counts.length < 16) return undefined;
    const end = at + 17 + counts.reduce((sum, count) => sum + count, 0);
    const symbols = payload.subarray(at + 17, end);
    const isValid =
      head >> 4 <= 1 &&
      (head & 0xf) <= 3 &&
      end <= payload.length &&
      new Set(symbols).size === symbols.length &&
      fits(counts) &&
      (head >= 16 || symbols.every((size) => size <= 15));
    if (!isValid) return undefined;
    tables.set(head, payload.subarray(at, end));
    at = end;
  }
  return tables;
}

/** Whether there are that many codes of each length. */
function fits(counts: Uint8Array): boolean {
  let free = 1;
  return counts.every((count) => (free = 2 * free - count) >= 0);
}
