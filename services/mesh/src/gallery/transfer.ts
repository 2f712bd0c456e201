import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GatewayFailure, type Gallery } from "@similarfaces/client";
import type { FailureBody, GalleryReceipt } from "@similarfaces/contracts/api";

/** The gateway takes 20 MiB; some less, so that progress can be seen. */
const IMPORT_CHARACTERS_MAX = 4 * 1024 * 1024;

/** Writes the gallery as NDJSON, one face a line; the file appears whole or not at all. @returns faces written */
export async function exportTo(path: string | undefined, gallery: Gallery): Promise<number> {
  const source = Readable.fromWeb((await gallery.export()) as Parameters<typeof Readable.fromWeb>[0]);
  const tail = { faces: 0, line: "" };
  const watched = async function* (chunks: AsyncIterable<Buffer>) {
    const decoder = new TextDecoder();
    for await (const chunk of chunks) {
      const lines = (tail.line + decoder.decode(chunk, { stream: true })).split("\n");
      tail.line = lines.pop()!;
      tail.faces += lines.length;
      checkLast(lines.at(-1));
      yield chunk;
    }
  };
  if (path === undefined) {
    await pipeline(source, watched, process.stdout, { end: false });
    return tail.faces;
  }
  const part = `${path}.part`;
  try {
    await pipeline(source, watched, createWriteStream(part, { mode: 0o600 }));
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  return tail.faces;
}

/** Only a failure's line is short. @throws GatewayFailure */
function checkLast(line: string | undefined): void {
  if (line === undefined || line.length > 2_000 || !line.includes('"failure"')) return;
  throw new GatewayFailure("answer", (JSON.parse(line) as FailureBody).failure);
}

/** Adds the faces of an export; what is in already stays as it is. `onLines` gets how many lines have been sent. */
export async function importFrom(
  path: string,
  gallery: Gallery,
  onLines: (lines: number) => void,
): Promise<GalleryReceipt> {
  const total: GalleryReceipt = { identities: 0, faces: 0, thumbnails: 0 };
  let some: string[] = [];
  let characters = 0;
  const send = async () => {
    if (some.length === 0) return;
    const { identities, faces, thumbnails } = await gallery.import(some.join("\n"));
    total.identities += identities;
    total.faces += faces;
    total.thumbnails += thumbnails;
    onLines(some.length);
    [some, characters] = [[], 0];
  };
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    if (line.trim() === "") continue;
    if (characters + line.length > IMPORT_CHARACTERS_MAX) await send();
    some.push(line);
    characters += line.length;
  }
  await send();
  return total;
}
