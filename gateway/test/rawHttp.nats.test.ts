import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PIXEL, answerAll, postPixel, readEvents, startMesh, type Mesh } from "./meshFixture.js";

/** What HTTP libraries hide: bytes on a connection, in whatever pieces and order. */
describe.each(["uws", "node"])("a connection to the gateway on %s", (driver) => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ HTTP_DRIVER: driver });
  });
  afterAll(() => mesh?.stop());

  it("is told to go on by 100 Continue, which curl waits a second for", async () => {
    const wire = open(mesh.url);
    wire.write(
      `POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: ${PIXEL.length}\r\n\r\n`,
    );
    expect(await wire.read(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 100 Continue\r\n/);
    wire.write(PIXEL);
    expect(await wire.read(/"jobId"/)).toContain("HTTP/1.1 202 Accepted");
    wire.end();
  });

  it("carries a body in chunks of any size", async () => {
    const wire = open(mesh.url);
    wire.write("POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const byte of PIXEL)
      wire.write(Buffer.concat([Buffer.from("1\r\n"), Buffer.of(byte), Buffer.from("\r\n")]));
    wire.write("0\r\n\r\n");
    expect(await wire.read(/"jobId"/)).toContain("HTTP/1.1 202");
    wire.end();
  });

  it("is kept through a body that nobody read, a HEAD and a refusal", async () => {
    const wire = open(mesh.url);
    const head = "HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    for (const [request, status] of [
      [`POST /v1/nothing ${head}Content-Length: 5\r\n\r\nhello`, 404],
      [`HEAD /v1/about ${head}\r\n`, 200],
      [`DELETE /v1/jobs ${head}\r\n`, 405],
      [`HEAD /v1/jobs/nobody/events ${head}\r\n`, 404],
      [`GET /healthz ${head}\r\n`, 200],
    ] as const) {
      wire.write(request);
      expect(await wire.read(/\r\n\r\n/)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      await wire.untilSilent();
    }
    wire.end();
  });

  it("brings the events that are there in one piece", async () => {
    const { jobId } = await postPixel(mesh.url);
    await answerAll(mesh, jobId);
    await readEvents(await fetch(`${mesh.url}/v1/jobs/${jobId}/events`));
    const wire = open(mesh.url);
    wire.write(`GET /v1/jobs/${jobId}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    await wire.read(/event: complete[^]*\r\n0\r\n\r\n/);
    expect(wire.pieces().filter((piece) => piece.includes("event: "))).toHaveLength(1);
    wire.end();
  });

  it("that sends nonsense harms nobody", async () => {
    for (const nonsense of [
      "NONSENSE\r\n\r\n",
      `GET /v1/about HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${"y".repeat(100_000)}\r\n\r\n`,
      "POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: many\r\n\r\n",
      "POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999999999\r\n\r\n",
    ]) {
      const wire = open(mesh.url);
      wire.write(nonsense);
      await Promise.race([wire.read(/HTTP\/1\.1 \d{3}/), wire.closed]);
      wire.reset();
    }
    expect((await fetch(`${mesh.url}/healthz`)).status).toBe(200);
  });

  it("may be cut at any moment: before a body, within an upgrade that is refused, within an answer", async () => {
    const upgrade =
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    for (const [request, waitMs] of [
      ["POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n", 20],
      [`GET /v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://elsewhere.example\r\n${upgrade}`, 0],
      [`GET /v1/other HTTP/1.1\r\nHost: 127.0.0.1\r\n${upgrade}`, 0],
      [`GET /v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\n${upgrade}`, 20],
      ["GET /v1/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 0],
    ] as const) {
      for (let i = 0; i < 5; i++) {
        const wire = open(mesh.url);
        wire.write(request);
        await wire.flushed();
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        wire.reset();
      }
    }
    expect((await fetch(`${mesh.url}/healthz`)).status).toBe(200);
  });
});

function open(url: string) {
  const { port, hostname } = new URL(url);
  const socket: Socket = connect(Number(port), hostname);
  let got = "";
  const pieces: string[] = [];
  let look = () => {};
  socket.setEncoding("latin1").on("data", (text: string) => {
    got += text;
    pieces.push(text);
    look();
  });
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return {
    closed,
    write: (data: string | Uint8Array) => void socket.write(data),
    flushed: () => new Promise<void>((resolve) => socket.write("", () => resolve())),
    end: () => void socket.end(),
    pieces: () => pieces,
    reset: () => void socket.resetAndDestroy(),
    /** The whole answer has come; what comes next is another. */
    async untilSilent(): Promise<void> {
      for (let length = -1; length !== got.length;) {
        length = got.length;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      got = "";
    },
    /** Everything that came up to this. */
    read(until: RegExp): Promise<string> {
      return new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`only this came: ${got}`)), 5_000);
        look = () => {
          if (!until.test(got)) return;
          clearTimeout(late);
          resolve(got);
        };
        look();
      });
    },
  };
}
