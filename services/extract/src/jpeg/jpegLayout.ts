import { DRI, EOI, SOS, segmentsOf } from "./jpegMarkers.js";

export interface JpegLayout {
  /** Height of a row of blocks, pixels. */
  readonly blockRow: number;
  /** One scan holds everything, row after row; of several a decoder needs all for its first row. */
  readonly hasOneScan: boolean;
  /** Of every component the scan with its first coefficients came whole: something followed it. */
  readonly areFirstScansWhole: boolean;
  readonly hasRestarts: boolean;
  /** Whether the end marker is there. */
  readonly hasEnd: boolean;
  /** Where the last scan or whole segment ends. */
  readonly end: number;
}

/** What the markers say of a JPEG, however much of it there is. Undefined where it has no frame or no scan. */
export function jpegLayout(jpeg: Buffer): JpegLayout | undefined {
  let frame: { isProgressive: boolean; components: number; blockRow: number } | undefined;
  let hasOneScan: boolean | undefined;
  let hasRestarts = false;
  let hasEnd = false;
  let end = jpeg.length;
  let scanned: number[] = [];
  const whole = new Set<number>();
  for (const { marker, at, end: segmentEnd, payload } of segmentsOf(jpeg)) {
    // The end marker may have been put behind what is missing, so it makes no scan whole.
    hasEnd = marker === EOI;
    if (hasEnd || segmentEnd > jpeg.length) end = at;
    if (hasEnd) break;
    for (const id of scanned.splice(0)) whole.add(id);
    if (segmentEnd > jpeg.length) break;
    if (isFrame(marker)) {
      const components = payload[5] ?? 0;
      const rows = Array.from({ length: components }, (_, i) => (payload[7 + 3 * i] ?? 0) & 0xf);
      frame = { isProgressive: (marker & 3) === 2, components, blockRow: 8 * Math.max(1, ...rows) };
    } else if (marker === DRI) hasRestarts = payload.length === 2 && payload.readUInt16BE(0) > 0;
    else if (marker === SOS && frame) {
      const count = payload[0] ?? 0;
      hasOneScan ??= !frame.isProgressive && count === frame.components;
      const hasFirst = payload[1 + 2 * count] === 0;
      scanned = hasFirst ? Array.from({ length: count }, (_, i) => payload[1 + 2 * i]!) : [];
    }
  }
  if (!frame || hasOneScan === undefined) return undefined;
  const areFirstScansWhole = whole.size >= frame.components;
  return { blockRow: frame.blockRow, hasOneScan, areFirstScansWhole, hasRestarts, hasEnd, end };
}

/** Of any process; DHT, JPG and DAC stand between them (ITU T.81, table B.1). */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}
