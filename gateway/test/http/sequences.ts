import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Wire, type Answer } from "./wire.js";

/** When the answer comes: at once, after a while, after the body, in the middle of nothing. */
const ADDRESSES = [
  "/echo",
  "/echo",
  "/late-echo",
  "/now",
  "/late",
  "/large",
  "/late-large",
  "/stream",
  "/throws",
  "/bad-header",
  "/bad-status",
  "/bad-stream",
  "/bad-cork",
  "/bad-listener",
] as const;
const METHODS = ["POST", "POST", "GET", "PUT", "DELETE", "PATCH", "HEAD"] as const;
const SIZES = [0, 1, 100, 5_000, 70_000, 300_000, 1_500_000, 3_000_000];
const WEIGHTS_OF_SIZES = [3, 3, 3, 3, 2, 2, 1, 1];
/** What no two servers read alike: nothing after it may be run. */
const DOUBTFUL = {
  "two lengths": ["Content-Length: 4\r\nContent-Length: 5\r\n", "body"],
  "a list of lengths": ["Content-Length: 4, 5\r\n", "body"],
  "a length that is no number": ["Content-Length: many\r\n", ""],
  "a negative length": ["Content-Length: -1\r\n", ""],
  "a length and chunks": ["Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"],
  "an unknown coding": ["Transfer-Encoding: gzip\r\n", "body"],
  "a coding around chunks": ["Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"],
  "two codings": ["Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"],
  "a broken chunk": ["Transfer-Encoding: chunked\r\n", "ZZ\r\nbody\r\n0\r\n\r\n"],
  "two hosts": ["Host: b\r\n", ""],
} as const;

export interface Request {
  method: (typeof METHODS)[number];
  path: (typeof ADDRESSES)[number];
  framing: "none" | "length" | "chunked" | keyof typeof DOUBTFUL;
  bytes: number;
  /** Into how many writes the body is cut. */
  pieces: number;
  pauseMs: number;
  expects: boolean;
  /** When the client goes away: never, or after so much of what it would send, or within the answer. */
  leaves: "never" | "after its head" | "within its body" | "before the answer" | "within the answer";
}

/** A generator of its own, so that a seed says everything. */
export function randomOf(seed: number) {
  let state = seed % 2_147_483_647 || 1;
  const below = (limit: number) => (state = (state * 48_271) % 2_147_483_647) % limit;
  return {
    below,
    one: <T>(values: readonly T[]): T => values[below(values.length)]!,
    weighted: <T>(values: readonly T[], weights: readonly number[]): T => {
      let at = below(weights.reduce((sum, weight) => sum + weight, 0));
      return values.find((_, i) => (at -= weights[i]!) < 0)!;
    },
  };
}

export function makeSequence(seed: number): Request[] {
  const random = randomOf(seed);
  const length = 1 + random.below(4);
  return Array.from({ length }, (): Request => {
    const method = random.one(METHODS);
    const kind = random.weighted(["none", "length", "chunked", "doubtful"] as const, [3, 4, 4, 1]);
    const bytes = kind === "none" ? 0 : random.weighted(SIZES, WEIGHTS_OF_SIZES);
    return {
      method,
      path: random.one(ADDRESSES),
      framing: kind === "doubtful" ? random.one(Object.keys(DOUBTFUL) as (keyof typeof DOUBTFUL)[]) : kind,
      bytes,
      pieces: 1 + random.below(4),
      pauseMs: random.below(3) * 2,
      expects: kind === "length" && bytes > 0 && random.below(8) === 0,
      leaves: random.weighted(
        ["never", "after its head", "within its body", "before the answer", "within the answer"] as const,
        [16, 1, 1, 1, 1],
      ),
    };
  });
}

/**
 * Plays a sequence on as many connections as its answers ask for.
 * @throws Error for an answer that is not the right one
 */
export async function play(port: number, sequence: readonly Request[], id: string): Promise<void> {
  let wire = new Wire(port);
  try {
    for (const request of sequence) {
      if (wire.isClosed) wire = new Wire(port);
      const isKept =
        request.framing in DOUBTFUL ? await playDoubtful(wire, request, id) : await playOne(wire, request);
      if (isKept) continue;
      wire.end();
      wire = new Wire(port);
    }
  } finally {
    wire.end();
  }
}

/** @returns whether the connection goes on */
async function playOne(wire: Wire, request: Request): Promise<boolean> {
  const { method, path, framing, bytes, pieces, pauseMs, expects, leaves } = request;
  const content = Buffer.alloc(bytes, "abcdefg");
  const coding =
    framing === "length"
      ? `Content-Length: ${bytes}\r\n`
      : framing === "chunked"
        ? "Transfer-Encoding: chunked\r\n"
        : "";
  const head = `${method} ${path} HTTP/1.1\r\nHost: a\r\n${coding}${expects ? "Expect: 100-continue\r\n" : ""}\r\n`;
  // It is read while the body is still on its way, as a client does that wants to know early.
  const answered = wire.answer(method);
  let isAnswered = false;
  void answered.then(() => (isAnswered = true));
  const writes = framing === "none" ? [] : cut(content, pieces).map((piece) => chunkOf(piece, framing));
  if (framing === "chunked") writes.push(Buffer.from("0\r\n\r\n"));
  const first =
    pauseMs === 0 && writes.length > 0 ? Buffer.concat([Buffer.from(head), writes.shift()!]) : head;
  await wire.write(first);
  if (leaves === "after its head") return left(wire);
  for (const [i, piece] of writes.entries()) {
    if (pauseMs > 0) await sleep(pauseMs);
    if (leaves === "within its body" && i === writes.length - 1) return left(wire);
    await wire.write(piece);
  }
  if (leaves === "before the answer") return left(wire);
  if (leaves === "within the answer") {
    await sleep(1);
    return left(wire);
  }
  const answer = await answered;
  check(request, answer, content, () => isAnswered);
  return answer?.headers.get("connection") !== "close" && answer !== undefined;
}

function left(wire: Wire): false {
  wire.reset();
  return false;
}

/** A body that is answered before it is over may be cut off with its connection; any answer that comes is the right one. */
function check(
  request: Request,
  answer: Answer | undefined,
  content: Buffer,
  isAnswered: () => boolean,
): void {
  const { path, method, framing, bytes } = request;
  const isRead = path === "/echo" || path === "/late-echo";
  const told = JSON.stringify({
    request,
    answer: answer && { ...answer, headers: [...answer.headers], body: answer.body.slice(0, 200) },
    isAnswered: isAnswered(),
  });
  const hasFault = path.startsWith("/bad-") || path === "/throws";
  if (!answer) {
    // A stream that breaks is cut off; so is who goes on sending for longer than is read.
    if (path === "/bad-stream" || path === "/bad-cork" || bytes > 2_000_000) return;
    throw new Error(`no answer: ${told}`);
  }
  const right = (status: number, body?: string) => {
    const isRight =
      answer.status === status && (body === undefined || method === "HEAD" || answer.body === body);
    if (!isRight) throw new Error(`not ${status} ${body?.slice(0, 100)}: ${told}`);
  };
  if (isRead && bytes > 1024 * 1024) return right(413);
  if (isRead) return right(200, framing === "none" ? echoOf(Buffer.alloc(0)) : echoOf(content));
  if (path === "/now" || path === "/late") return right(404);
  if (path === "/large" || path === "/late-large") return right(200, "l".repeat(300_000));
  if (path === "/stream") return right(200, "event 0\nevent 1\nevent 2\n");
  if (path === "/bad-listener" || ((path === "/bad-stream" || path === "/bad-cork") && method === "HEAD"))
    return right(200);
  if (hasFault && path !== "/bad-stream" && path !== "/bad-cork") return right(500);
}

async function playDoubtful(wire: Wire, { method, path, framing }: Request, id: string): Promise<false> {
  const [headers, body] = DOUBTFUL[framing as keyof typeof DOUBTFUL];
  await wire.write(
    `${method} ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n${body}GET /ran?id=${id} HTTP/1.1\r\nHost: a\r\n\r\n`,
  );
  const answer = await wire.answer(method);
  await wire.closed;
  if (answer && answer.status !== 400) throw new Error(`${framing} was answered with ${answer.status}`);
  return false;
}

function cut(content: Buffer, pieces: number): Buffer[] {
  const size = Math.max(1, Math.ceil(content.length / pieces));
  return Array.from({ length: Math.ceil(content.length / size) }, (_, i) =>
    content.subarray(i * size, (i + 1) * size),
  );
}

function chunkOf(piece: Buffer, framing: string): Buffer {
  if (framing !== "chunked") return piece;
  return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]);
}

const echoes = new Map<number, string>();

/** What /echo answers to a body of these tests. */
export function echoOf(content: Buffer): string {
  const known = echoes.get(content.length);
  if (known !== undefined) return known;
  const echo = `${content.length} ${createHash("sha1").update(content).digest("hex")}`;
  echoes.set(content.length, echo);
  return echo;
}
