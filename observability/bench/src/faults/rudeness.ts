import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { RudeConnection } from "./rudeConnection.js";

export interface RudenessContext {
  connection: RudeConnection;
  photo: Uint8Array;
  /** Whatever is random in what it does comes from here. */
  random(): number;
  /** Aborted when it has been rude for long enough. */
  enough: AbortSignal;
  /** Past the largest body that the gateway reads after an answer. */
  endlessBytes: number;
}

type Rudeness = (context: RudenessContext) => Promise<void>;

const MIB = 1024 * 1024;
const PAUSE_MS = 500;
const CHUNK_BYTES = 256 * 1024;

/** What clients do that are slow, broken or hostile. Each ends when its connection is cut, or when `enough` is aborted. */
export const RUDENESS = {
  /** Headers that never end, a line at a time. */
  async slowHeaders({ connection, enough }) {
    await connection.write(`POST /v1/jobs HTTP/1.1\r\nHost: ${connection.host}\r\n`);
    for (let i = 0; connection.isOpen && !enough.aborted; i++) {
      await connection.write(`X-${i}: ${i}\r\n`);
      await pause(enough);
    }
  },

  /** The beginning of a large photo, and then nothing. */
  async stalledUpload({ connection, photo, enough }) {
    await connection.write(
      `POST /v1/jobs HTTP/1.1\r\nHost: ${connection.host}\r\nContent-Length: ${19 * MIB}\r\n\r\n`,
    );
    await connection.write(photo.subarray(0, CHUNK_BYTES));
    await untilCutOff(connection, enough);
  },

  /** A photo whose results are never read. */
  async unreadEvents({ connection, photo, enough }) {
    connection.stopReading();
    await connection.write(postOf(connection, photo, "Accept: text/event-stream\r\n"));
    await untilCutOff(connection, enough);
  },

  /** A reset somewhere in the upload. */
  async resetUpload({ connection, photo, random }) {
    const post = postOf(connection, photo);
    await connection.write(post.subarray(0, Math.floor(random() * post.length)));
    connection.reset();
  },

  /** A reset between the photo and its answer. */
  async resetBeforeAnswer({ connection, photo, random, enough }) {
    await connection.write(postOf(connection, photo, "Prefer: wait=10\r\n"));
    await sleep(random() * PAUSE_MS, undefined, { signal: enough }).catch(() => {});
    connection.reset();
  },

  /** "No more from me", and the answer is waited for. */
  async halfClosed({ connection, enough }) {
    await connection.write(`GET /v1/status HTTP/1.1\r\nHost: ${connection.host}\r\n\r\n`);
    connection.halfClose();
    await untilCutOff(connection, enough);
  },

  async hugeHeaders({ connection, enough }) {
    const line = `X-Much: ${"a".repeat(8_000)}\r\n`;
    await connection.write(`GET /healthz HTTP/1.1\r\nHost: ${connection.host}\r\n${line.repeat(16)}`);
    await untilCutOff(connection, enough);
  },

  /** A body that goes on after the answer: it is 404, and chunks still come. */
  async endlessBody({ connection, random, enough, endlessBytes }) {
    const path = ["/nope", "/healthz", "/v1/gallery/identities"][Math.floor(random() * 3)];
    await connection.write(
      `POST ${path} HTTP/1.1\r\nHost: ${connection.host}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const chunk = Buffer.concat([
      Buffer.from(`${CHUNK_BYTES.toString(16)}\r\n`),
      Buffer.alloc(CHUNK_BYTES, "x"),
      Buffer.from("\r\n"),
    ]);
    for (let sent = 0; sent < endlessBytes && connection.isOpen && !enough.aborted; sent += CHUNK_BYTES) {
      await connection.write(chunk);
    }
    connection.reset();
  },

  /** A socket that is opened properly, and then frames that are none. */
  async wrongFrames({ connection, random, enough }) {
    await connection.write(
      `GET /v1/live HTTP/1.1\r\nHost: ${connection.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
    );
    await pause(enough);
    await connection.write(WRONG_FRAMES[Math.floor(random() * WRONG_FRAMES.length)]!);
    await untilCutOff(connection, enough);
  },
} as const satisfies Record<string, Rudeness>;

export type RudenessName = keyof typeof RUDENESS;

/** RFC 6455, section 5.2. */
const WRONG_FRAMES: readonly Uint8Array[] = [
  // Text that is not masked.
  Uint8Array.of(0x81, 0x02, 0x7b, 0x7d),
  // An opcode that is not there yet, and a reserved bit.
  Uint8Array.of(0x83, 0x80, 0, 0, 0, 0),
  Uint8Array.of(0xc1, 0x80, 0, 0, 0, 0),
  // 2^62 bytes will follow.
  Uint8Array.of(0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  // A ping in fragments, and of 200 bytes.
  Uint8Array.of(0x09, 0x80, 0, 0, 0, 0),
  Uint8Array.of(0x89, 0xfe, 0, 200, 0, 0, 0, 0),
  // No UTF-8.
  Uint8Array.of(0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe),
  // A continuation of nothing.
  Uint8Array.of(0x80, 0x80, 0, 0, 0, 0),
];

function postOf({ host }: RudeConnection, photo: Uint8Array, headers = ""): Buffer {
  return Buffer.concat([
    Buffer.from(
      `POST /v1/jobs HTTP/1.1\r\nHost: ${host}\r\n${headers}Content-Length: ${photo.length}\r\n\r\n`,
    ),
    photo,
  ]);
}

async function untilCutOff(connection: RudeConnection, enough: AbortSignal): Promise<void> {
  // It may have been enough while the last bytes were written: no event comes of that any more.
  if (enough.aborted) return;
  const aborted = new Promise((resolve) => enough.addEventListener("abort", resolve, { once: true }));
  await Promise.race([connection.closed, aborted]);
}

async function pause(enough: AbortSignal): Promise<void> {
  await sleep(PAUSE_MS, undefined, { signal: enough }).catch(() => {});
}
