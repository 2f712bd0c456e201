import {
  ExportedFaceSchema,
  GalleryReceiptSchema,
  StageFailure,
  create,
  fromJson,
  toBinary,
  type ExportedFace,
  type GalleryReceipt,
} from "@similarfaces/contracts";
import type { FailureBody } from "@similarfaces/contracts/api";
import { failureOf } from "../requests/failures.js";
import type { GalleryClient } from "./galleryClient.js";
import { exportedView } from "./galleryViews.js";
import type { EventSink, HttpReply } from "../http/http.js";

const EXPORT_PAGE = 200;
/** A message of the broker holds 1 MiB. */
const IMPORT_BYTES_MAX = 512 * 1024;
const IMPORT_FACES_MAX = 200;

/**
 * The whole gallery as NDJSON, one face a line, page by page as the client takes it. A failure in the middle is the last
 * line, `{"failure":{...}}`.
 */
export async function exportReply(gallery: GalleryClient): Promise<HttpReply> {
  // The first page is asked for before the answer begins, so that a gallery that is away is a 503.
  const first = await gallery.ask("export", { pageSize: EXPORT_PAGE, pageToken: "" });
  return {
    status: 200,
    headers: {
      "content-type": "application/x-ndjson; charset=utf-8",
      "content-disposition": 'attachment; filename="gallery.ndjson"',
      "cache-control": "no-store",
    },
    stream: (sink) => void writePages(sink, first, gallery),
  };
}

async function writePages(
  sink: EventSink,
  first: { faces: ExportedFace[]; nextPageToken: string },
  gallery: GalleryClient,
): Promise<void> {
  const pace = paceOf(sink);
  try {
    for (let page = first; ;) {
      const lines = page.faces.map((face) => line(exportedView(face)));
      if (!sink.send(lines.join(""))) await pace.untilTaken();
      if (pace.closed() || page.nextPageToken === "") break;
      page = await gallery.ask("export", { pageSize: EXPORT_PAGE, pageToken: page.nextPageToken });
    }
  } catch (error) {
    sink.send(line({ failure: failureOf(error) } satisfies FailureBody));
  }
  sink.end();
}

/** Waits for a client that reads slowly. */
function paceOf(sink: EventSink) {
  let isClosed = false;
  let go = () => {};
  sink.onDrain(() => go());
  sink.onClose(() => {
    isClosed = true;
    go();
  });
  return {
    closed: () => isClosed,
    untilTaken: () =>
      new Promise<void>((resolve) => {
        go = resolve;
        if (isClosed) resolve();
      }),
  };
}

/**
 * Adds the faces of an export. All lines are read before any face is added; then message by message, so that a failure of the gallery
 * in the middle leaves the first part in, and doing it again adds the rest.
 * @throws StageFailure bad_request with the number of the first line that is no face, and what the gallery throws
 */
export async function importFaces(body: Uint8Array, gallery: GalleryClient): Promise<GalleryReceipt> {
  const total = create(GalleryReceiptSchema);
  for (const faces of messagesOf(readFaces(body))) {
    const { identities, faces: added, thumbnails } = await gallery.ask("import", { faces });
    total.identities += identities;
    total.faces += added;
    total.thumbnails += thumbnails;
  }
  return total;
}

function readFaces(body: Uint8Array): ExportedFace[] {
  const faces: ExportedFace[] = [];
  for (const [index, text] of Buffer.from(body).toString("utf8").split("\n").entries()) {
    if (text.trim() === "") continue;
    try {
      faces.push(fromJson(ExportedFaceSchema, JSON.parse(text), { ignoreUnknownFields: true }));
    } catch (cause) {
      throw new StageFailure("bad_request", `Line ${index + 1} is no face of an export.`, { cause });
    }
  }
  if (faces.length === 0) throw new StageFailure("empty_body");
  return faces;
}

function* messagesOf(faces: readonly ExportedFace[]): Generator<ExportedFace[]> {
  let message: ExportedFace[] = [];
  let bytes = 0;
  for (const face of faces) {
    const size = toBinary(ExportedFaceSchema, face).byteLength;
    if (message.length > 0 && (bytes + size > IMPORT_BYTES_MAX || message.length === IMPORT_FACES_MAX)) {
      yield message;
      message = [];
      bytes = 0;
    }
    message.push(face);
    bytes += size;
  }
  yield message;
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
