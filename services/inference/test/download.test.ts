import { createHash } from "node:crypto";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { download } from "../src/commands/download.js";

const FILE = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7919) & 255));
const SHA256 = createHash("sha256").update(FILE).digest("hex");

let folder: string;
let path: string;
let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let ranges: (string | undefined)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "similarfaces-download-"));
  path = join(folder, "model.onnx");
  ranges = [];
  answer = serve;
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

describe("download", () => {
  it("brings a file and says how far it is", async () => {
    const seen: number[] = [];
    await fetchFile({ onProgress: (bytes) => seen.push(bytes) });
    expect(await readFile(path)).toEqual(FILE);
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBe(FILE.length);
    expect(await readdir(folder)).toEqual(["model.onnx"]);
  });

  it("goes on where an earlier run left off", async () => {
    await writeFile(`${path}.part`, FILE.subarray(0, 60_000));
    await fetchFile();
    expect(ranges).toEqual(["bytes=60000-"]);
    expect(await readFile(path)).toEqual(FILE);
  });

  it("begins again where the server knows no ranges", async () => {
    answer = (_, response) => response.end(FILE);
    await writeFile(`${path}.part`, FILE.subarray(0, 60_000));
    await fetchFile();
    expect(await readFile(path)).toEqual(FILE);
  });

  it("goes on by itself after a cut connection and after 503", async () => {
    answer = (request, response) => {
      if (ranges.length === 1) {
        response.writeHead(200, { "content-length": FILE.length });
        response.write(FILE.subarray(0, 30_000), () => setTimeout(() => response.destroy(), 50));
      } else if (ranges.length === 2) response.writeHead(503).end();
      else serve(request, response);
    };
    await fetchFile();
    expect(ranges).toEqual([undefined, "bytes=30000-", "bytes=30000-"]);
    expect(await readFile(path)).toEqual(FILE);
  });

  it("deletes what does not match and leaves no file", async () => {
    const other = Buffer.from(FILE);
    other[5]! ^= 1;
    answer = (_, response) => response.end(other);
    await expect(fetchFile()).rejects.toThrow(/its SHA-256 is .* field sha256 says .*; it was not kept/);
    expect(await readdir(folder)).toEqual([]);
  });

  it("stops at a body that is longer than the manifest says", async () => {
    answer = (_, response) => response.end(Buffer.concat([FILE, FILE]));
    await expect(fetchFile()).rejects.toThrow(/is longer than the 100000 bytes/);
    await expect(readFile(path)).rejects.toThrow(/ENOENT/);
  });

  it("says at once that there is no such file", async () => {
    answer = (_, response) => response.writeHead(404).end();
    await expect(fetchFile()).rejects.toThrow(/the server answered 404/);
    expect(ranges).toHaveLength(1);
  });

  it("stops when it is called off, and keeps what it has", async () => {
    const stop = new AbortController();
    answer = (_, response) => void response.writeHead(200).write(FILE.subarray(0, 20_000));
    const running = fetchFile({
      signal: stop.signal,
      onProgress: (bytes) => bytes >= 20_000 && stop.abort(),
    });
    await expect(running).rejects.toMatchObject({ name: "PackError" });
    expect(await readFile(`${path}.part`)).toEqual(FILE.subarray(0, 20_000));
  });
});

function fetchFile(options: { onProgress?: (bytes: number) => unknown; signal?: AbortSignal } = {}) {
  const { port } = server.address() as AddressInfo;
  return download({
    url: `http://127.0.0.1:${port}/model.onnx`,
    path,
    bytes: FILE.length,
    sha256: SHA256,
    ...(options as { onProgress?: (bytes: number) => void; signal?: AbortSignal }),
  });
}

function serve({ headers }: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
  if (headers.range) {
    response.writeHead(206, { "content-range": `bytes ${from}-${FILE.length - 1}/${FILE.length}` });
  }
  response.end(FILE.subarray(from));
}
