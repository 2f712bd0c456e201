import type { GalleryReceipt } from "@similarfaces/contracts/api";
import { importGallery } from "../api/gallery";
import { permitted } from "./permission";

/** The gateway takes 20 MiB at once; smaller parts show progress. */
const PART_BYTES = 2 * 2 ** 20;

export interface ExportProgress {
  readBytes: number;
  totalBytes: number;
  receipt: GalleryReceipt;
}

/**
 * The faces of an export file, part by part: what is in stays as it is, so that a file may be given again.
 * @throws ApiFailure; the parts before are in by then
 */
export async function importExportFile(
  file: File,
  signal: AbortSignal,
  onProgress: (progress: ExportProgress) => void,
): Promise<GalleryReceipt> {
  const total: GalleryReceipt = { identities: 0, faces: 0, thumbnails: 0 };
  let readBytes = 0;
  onProgress({ readBytes, totalBytes: file.size, receipt: { ...total } });
  for await (const part of partsOf(file)) {
    if (signal.aborted) break;
    const { identities, faces, thumbnails } = await permitted(() => importGallery(part));
    total.identities += identities;
    total.faces += faces;
    total.thumbnails += thumbnails;
    readBytes += part.size;
    onProgress({ readBytes, totalBytes: file.size, receipt: { ...total } });
  }
  return total;
}

/** Whole lines, about PART_BYTES of them at a time. */
async function* partsOf(file: File): AsyncGenerator<Blob> {
  let from = 0;
  while (from < file.size) {
    let to = Math.min(from + PART_BYTES, file.size);
    if (to < file.size) to = (await endOfLine(file, from, to)) ?? file.size;
    yield file.slice(from, to);
    from = to;
  }
}

/** Behind the last line end before `to`; if one line is longer than that, behind the next one. */
async function endOfLine(file: File, from: number, to: number): Promise<number | undefined> {
  const before = new Uint8Array(await file.slice(from, to).arrayBuffer()).lastIndexOf(LINE_END);
  if (before >= 0) return from + before + 1;
  for (let at = to; at < file.size; at += PART_BYTES) {
    const next = new Uint8Array(await file.slice(at, at + PART_BYTES).arrayBuffer()).indexOf(LINE_END);
    if (next >= 0) return at + next + 1;
  }
  return undefined;
}

const LINE_END = 10;
