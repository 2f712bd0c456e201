import { StageFailure } from "@similarfaces/contracts";
import { readPartHead } from "./formHead.js";

export interface FormFile {
  /** Of the form's field. */
  field: string;
  /** As the client sends it; never used as a path. Empty without one. */
  name: string;
  /** A view of the body that was read. */
  bytes: Uint8Array;
}

export interface Form {
  fields: ReadonlyMap<string, string>;
  files: readonly FormFile[];
}

const FILES_MAX = 40;
const FIELDS_MAX = 32;
const PARTS_MAX = 80;
const FIELD_BYTES_MAX = 64 * 1024;
const HEAD_BYTES_MAX = 16 * 1024;

export function isForm(contentType: string | undefined): contentType is string {
  return /^\s*multipart\/form-data\s*(;|$)/i.test(contentType ?? "");
}

/**
 * Reads a complete form (RFC 7578). A part is a file if it has a file name, a content type that is no text, or bytes
 * that are no text; else it is a field.
 * @throws StageFailure bad_request where the body is no form, or has more parts than are allowed: none is left out silently
 */
export function readForm(body: Uint8Array, contentType: string): Form {
  const fields = new Map<string, string>();
  const files: FormFile[] = [];
  let parts = 0;
  for (const { head, content } of partsOf(
    Buffer.from(body.buffer, body.byteOffset, body.length),
    contentType,
  )) {
    const { field, fileName, isText } = readPartHead(head.toString("utf8"));
    const text = fileName === undefined && isText ? textOf(content) : undefined;
    if (text === undefined) files.push({ field, name: fileName ?? "", bytes: content });
    else if (content.length > FIELD_BYTES_MAX) throw tooMuch();
    else fields.set(field, text);
    if (files.length > FILES_MAX || fields.size > FIELDS_MAX || ++parts > PARTS_MAX) throw tooMuch();
  }
  return { fields, files };
}

interface Part {
  head: Buffer;
  content: Buffer;
}

/** The parts between the boundary's lines (RFC 2046, 5.1.1); bytes before the first line and after the last are ignored. */
function* partsOf(body: Buffer, contentType: string): Generator<Part> {
  const dashBoundary = `--${boundaryOf(contentType)}`;
  const delimiter = Buffer.from(`\r\n${dashBoundary}`, "latin1");
  const isFirst = delimiter.subarray(2).equals(body.subarray(0, dashBoundary.length));
  let line = isFirst ? lineAt(body, dashBoundary.length) : undefined;
  line ??= nextLine(body, delimiter, 0);
  while (line && !line.isLast) {
    const { head, end: contentAt } = headAt(body, line.end);
    // Of an empty part, the line break before the next boundary may be the one that ends its head.
    const next = nextLine(body, delimiter, contentAt - 2);
    if (!next) throw incomplete();
    yield { head, content: body.subarray(contentAt, Math.max(contentAt, next.start)) };
    line = next;
  }
  if (!line) throw incomplete();
}

interface BoundaryLine {
  start: number;
  /** Where the bytes after it begin. */
  end: number;
  isLast: boolean;
}

function nextLine(body: Buffer, delimiter: Buffer, from: number): BoundaryLine | undefined {
  for (let start = body.indexOf(delimiter, from); start >= 0; start = body.indexOf(delimiter, start + 2)) {
    const line = lineAt(body, start + delimiter.length);
    if (line) return { ...line, start };
  }
  return undefined;
}

/** The rest of a boundary's line: two dashes end the form, blanks are allowed. Undefined where anything else follows: it was no boundary. */
function lineAt(body: Buffer, at: number): BoundaryLine | undefined {
  if (body.toString("latin1", at, at + 2) === "--") return { start: 0, end: at + 2, isLast: true };
  let end = at;
  while (body[end] === 0x20 || body[end] === 0x09) end++;
  return body.toString("latin1", end, end + 2) === "\r\n"
    ? { start: 0, end: end + 2, isLast: false }
    : undefined;
}

function headAt(body: Buffer, at: number): { head: Buffer; end: number } {
  // The line break that ended the boundary's line counts: a part without a head begins with an empty line.
  const window = body.subarray(at - 2, at + HEAD_BYTES_MAX);
  const length = window.indexOf("\r\n\r\n", 0, "latin1");
  if (length < 0) throw body.length > at + HEAD_BYTES_MAX ? tooMuch() : incomplete();
  return { head: window.subarray(Math.min(2, length), length), end: at - 2 + length + 4 };
}

/** @throws StageFailure bad_request where there is none */
function boundaryOf(contentType: string): string {
  const [, quoted, token] = /;\s*boundary\s*=\s*(?:"([^"]*)"|([^\s;"]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? token ?? "";
  if (!/^[\x20-\x7e]{1,70}$/.test(boundary) || boundary.endsWith(" "))
    throw new StageFailure("bad_request", "The content type of a form names its boundary.");
  return boundary;
}

function textOf(content: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    return undefined;
  }
}

function incomplete(): StageFailure {
  return new StageFailure("bad_request", "The body is no complete multipart/form-data.");
}

function tooMuch(): StageFailure {
  return new StageFailure(
    "bad_request",
    `A form has at most ${FILES_MAX} files and ${FIELDS_MAX} fields of ${FIELD_BYTES_MAX / 1024} KiB.`,
  );
}
