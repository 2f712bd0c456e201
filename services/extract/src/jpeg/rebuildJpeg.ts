import {
  readFrame,
  readHuffman,
  readQuantisation,
  readScan,
  scanOrder,
  unitsOf,
  type JpegFrame,
  type Scan,
} from "./jpegFrame.js";
import { DRI, EOI, RST0, SOI, SOS, hasLength } from "./jpegMarkers.js";

const DHT = 0xc4;
const DQT = 0xdb;
const APP0 = 0xe0;
const APP14 = 0xee;
const APP15 = 0xef;
const COM = 0xfe;
const FRAMES = [0xc0, 0xc1, 0xc2];

/** Version 1.1, square pixels, no thumbnail. A decoder only looks whether the segment is there, which means YCbCr. */
const JFIF = segment(APP0, Buffer.from("JFIF\0\x01\x01\0\0\x01\0\x01\0\0", "latin1"));
const JFIF_BYTES = 14;
/** Version, two flags of 16 bits, and the colour transform, which readers of the photo need. */
const ADOBE = Buffer.from("Adobe\0\x64\0\0\0\0", "latin1");
const ADOBE_BYTES = 12;

export interface RebuiltJpeg {
  bytes: Buffer;
  /** How many there are: a decoder reads all of several before its first row, and so reports every byte that it skips. */
  scans: number;
}

/**
 * The same JPEG, of the parts that its picture is decoded from: each segment written anew from its fields, a table only where a scan reads
 * it, scans from their header to the next marker. Application segments, comments, bytes between segments and bytes after the end are left
 * out. Undefined where anything is unusual; such a photo has to be encoded anew.
 */
export function rebuildJpeg(upload: Uint8Array): RebuiltJpeg | undefined {
  const jpeg = Buffer.from(upload.buffer, upload.byteOffset, upload.byteLength);
  const parts: Buffer[] = [];
  const quantisation = new Map<number, Buffer>();
  const huffman = new Map<number, Buffer>();
  const written = new Map<string, Buffer>();
  let restartInterval = 0;
  let hasJfif = false;
  let adobe: number | undefined;
  let frame: { payload: Buffer; marker: number; fields: JpegFrame } | undefined;
  let isNext: ((scan: Scan) => boolean) | undefined;
  let scans = 0;

  for (let at = 2; at + 4 <= jpeg.length || jpeg[at + 1] === EOI;) {
    // Markers may be preceded by any number of fill bytes.
    if (jpeg[at] === 0xff && jpeg[at + 1] === 0xff) {
      at++;
      continue;
    }
    const marker = jpeg[at + 1]!;
    if (jpeg[at] !== 0xff) return undefined;
    if (marker === EOI) {
      if (scans === 0) return undefined;
      return {
        bytes: Buffer.concat([Buffer.from([0xff, SOI]), ...parts, Buffer.from([0xff, EOI])]),
        scans,
      };
    }
    if (!hasLength(marker)) return undefined;
    const end = at + 2 + jpeg.readUInt16BE(at + 2);
    const payload = jpeg.subarray(at + 4, end);
    if (end > jpeg.length || end < at + 4) return undefined;
    at = end;
    if (marker === SOS) {
      const next = writeScan(payload, at);
      if (next === undefined) return undefined;
      at = next;
    } else if (!read(marker, payload)) return undefined;
  }
  return undefined;

  /** Keeps what later scans need of a segment. False for a segment that is malformed or unknown. */
  function read(marker: number, payload: Buffer): boolean {
    const name = payload.toString("latin1", 0, 5);
    if (marker === APP0 && name === "JFIF\0" && payload.length >= JFIF_BYTES) hasJfif = true;
    else if (marker === APP14 && name === "Adobe" && payload.length >= ADOBE_BYTES) {
      adobe = payload[11]!;
      return adobe <= 2;
    } else if (marker === DQT) return takeAll(quantisation, readQuantisation(payload));
    else if (marker === DHT) return takeAll(huffman, readHuffman(payload));
    else if (marker === DRI) {
      if (payload.length !== 2) return false;
      restartInterval = payload.readUInt16BE(0);
    } else if (FRAMES.includes(marker)) {
      const fields = readFrame(marker, payload);
      if (!fields || frame) return false;
      frame = { payload, marker, fields };
      isNext = scanOrder(fields);
    } else return marker === COM || (marker >= APP0 && marker <= APP15);
    return true;
  }

  /** Writes what a scan needs and was not written yet, and the scan. @returns where the next marker stands */
  function writeScan(payload: Buffer, from: number): number | undefined {
    if (!frame) return undefined;
    const { fields } = frame;
    const scan = readScan(payload, fields);
    if (!scan || !isNext?.(scan)) return undefined;
    if (scans++ === 0) writeHead(frame);
    for (const { component } of scan.parts) {
      const table = quantisation.get(component.quantisation);
      if (!table) return undefined;
      // A component keeps the table that it began with.
      if (!written.has(`component ${component.id}`)) writeOnce(DQT, component.quantisation, table);
      written.set(`component ${component.id}`, table);
    }
    const needs = scan.parts.flatMap(({ dc, ac }) => [
      ...(scan.from === 0 && scan.high === 0 ? [dc] : []),
      ...(scan.to > 0 ? [16 + ac] : []),
    ]);
    const tables = needs.map((number) => huffman.get(number));
    if (tables.some((table) => !table)) return undefined;
    for (const [i, number] of needs.entries()) writeOnce(DHT, number, tables[i]!);
    if (restartInterval > 0 || written.has(`${DRI}`)) {
      writeOnce(DRI, "", Buffer.from([restartInterval >> 8, restartInterval & 0xff]));
    }
    parts.push(scanHeader(scan));

    const restarts = restartInterval ? Math.ceil(unitsOf(fields, scan).units / restartInterval) - 1 : 0;
    const end = endOfScan(jpeg, from, restarts);
    if (end !== undefined) parts.push(jpeg.subarray(from, end));
    return end;
  }

  function writeHead({ payload, marker }: { payload: Buffer; marker: number }): void {
    if (hasJfif) parts.push(JFIF);
    if (adobe !== undefined) parts.push(segment(APP14, Buffer.from([...ADOBE, adobe])));
    parts.push(segment(marker, payload));
  }

  function writeOnce(marker: number, number: number | string, bytes: Buffer): void {
    const key = `${marker}${number}`;
    if (written.get(key)?.equals(bytes)) return;
    written.set(key, bytes);
    parts.push(segment(marker, bytes));
  }
}

function takeAll<T>(into: Map<number, T>, read: Map<number, T> | undefined): boolean {
  for (const [number, table] of read ?? []) into.set(number, table);
  return read !== undefined;
}

function segment(marker: number, payload: Buffer): Buffer {
  const length = payload.length + 2;
  return Buffer.concat([Buffer.from([0xff, marker, length >> 8, length & 0xff]), payload]);
}

/** Names only the tables that the scan reads. */
function scanHeader({ parts, from, to, high, low }: Scan): Buffer {
  const named = parts.flatMap(({ component, dc, ac }) => {
    const [first, others] = [from === 0 && high === 0 ? dc : 0, to > 0 ? ac : 0];
    return [component.id, (first << 4) | others];
  });
  return segment(SOS, Buffer.from([parts.length, ...named, from, to, (high << 4) | low]));
}

/** Where the next marker stands that is not one of the scan's restarts, which have to be as many as they should, in turn. */
function endOfScan(jpeg: Buffer, from: number, restarts: number): number | undefined {
  let markers = 0;
  for (let at = jpeg.indexOf(0xff, from); at >= 0 && at + 1 < jpeg.length; at = jpeg.indexOf(0xff, at + 2)) {
    const after = jpeg[at + 1]!;
    if (after === 0) continue;
    if (markers < restarts && after === RST0 + (markers % 8)) markers++;
    else return markers === restarts ? at : undefined;
  }
  return undefined;
}
