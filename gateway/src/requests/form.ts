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

/** Whether the body has parts, of whatever kind: `readForm` refuses in words what is no form. */
export function isForm(contentType: string | undefined): contentType is string {
  return /^\s*multipart\//i.test(contentType ?? "");
}

/**
 * Reads a complete form (RFC 7578). A part is a file if it has a file name, a content type that is no text, or bytes
 * that are no text; else it is a field.
 * @throws StageFailure bad_request where the body is no form, or has more parts than are allowed: none is left out silently
 */
export function readForm(body: Uint8Array, contentType: string): Form {
  if (!/^\s*multipart\/form-data\s*(;|$)/i.test(contentType))
    throw new StageFailure("bad_request", "A form is sent as multipart/form-data.");
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

type LineBreak = "\r\n" | "\n";

/**
 * The parts between the boundary's lines (RFC 2046, 5.1.1); bytes before the first line and after the last are ignored. Lines end as the first
 * boundary's does: scripts send forms whose lines end without a carriage return.
 */
function* partsOf(body: Buffer, contentType: string): Generator<Part> {
  const dashBoundary = `--${boundaryOf(contentType)}`;
  let line = firstLine(body, dashBoundary);
  while (line && !line.isLast) {
    const { lineBreak } = line;
    const { head, end: contentAt } = headAt(body, line.end, lineBreak);
    // Of an empty part, the line break before the next boundary may be the one that ends its head.
    const next = nextLine(body, `${lineBreak}${dashBoundary}`, contentAt - lineBreak.length, lineBreak);
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
  lineBreak: LineBreak;
  isLast: boolean;
}

function firstLine(body: Buffer, dashBoundary: string): BoundaryLine | undefined {
  const begins = body.toString("latin1", 0, dashBoundary.length) === dashBoundary;
  return (
    (begins ? lineAt(body, 0, dashBoundary.length) : undefined) ?? nextLine(body, `\n${dashBoundary}`, 0)
  );
}

/** @param lineBreak with which it has to end; whichever there is without it */
function nextLine(
  body: Buffer,
  delimiter: string,
  from: number,
  lineBreak?: LineBreak,
): BoundaryLine | undefined {
  const sought = Buffer.from(delimiter, "latin1");
  for (let start = body.indexOf(sought, from); start >= 0; start = body.indexOf(sought, start + 1)) {
    const line = lineAt(body, start, start + sought.length, lineBreak);
    if (line) return line;
  }
  return undefined;
}

/** The rest of a boundary's line: two dashes end the form, blanks are allowed. Undefined where anything else follows: it was no boundary. */
function lineAt(body: Buffer, start: number, at: number, wanted?: LineBreak): BoundaryLine | undefined {
  if (body.toString("latin1", at, at + 2) === "--")
    return { start, end: at + 2, lineBreak: wanted ?? "\r\n", isLast: true };
  let end = at;
  while (body[end] === 0x20 || body[end] === 0x09) end++;
  const lineBreaks = wanted ? [wanted] : (["\r\n", "\n"] as const);
  const lineBreak = lineBreaks.find((text) => body.toString("latin1", end, end + text.length) === text);
  return lineBreak && { start, end: end + lineBreak.length, lineBreak, isLast: false };
}

function headAt(body: Buffer, at: number, lineBreak: LineBreak): { head: Buffer; end: number } {
  // The line break that ended the boundary's line counts: a part without a head begins with an empty line.
  const from = at - lineBreak.length;
  const window = body.subarray(from, at + HEAD_BYTES_MAX);
  const length = window.indexOf(`${lineBreak}${lineBreak}`, 0, "latin1");
  if (length < 0) throw body.length > at + HEAD_BYTES_MAX ? tooMuch() : incomplete();
  const head = window.subarray(Math.min(lineBreak.length, length), length);
  return { head, end: from + length + 2 * lineBreak.length };
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
