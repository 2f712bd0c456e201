import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { DRIVERS, LIMITS, startTestServer, type TestServer } from "./drivers.js";
import { codeOf, headersOf } from "./answers.js";
import { echoOf } from "./sequences.js";
import { Wire, type Answer } from "./wire.js";

const HOST = "HTTP/1.1\r\nHost: a\r\n";
const CHUNKED = `${HOST}Transfer-Encoding: chunked\r\n\r\n`;
const UPGRADE = `${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n`;
const chunk = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(0x10000, "c"), Buffer.from("\r\n")]);

/** What a request may cost, and what becomes of one that is not as it should be. */
describe.each(DRIVERS)("on $name", (driver) => {
  const isUws = driver.driver === "uws";
  let server: TestServer;
  beforeAll(async () => {
    if (driver.isThere) server = await startTestServer(driver);
  });
  afterAll(() => server?.stop());
  const test = it.skipIf(!driver.isThere);

  /** Sends and waits for the answer. */
  async function ask(
    text: string | Uint8Array,
    method = "GET",
  ): Promise<{ wire: Wire; answer: Answer | undefined }> {
    const wire = new Wire(server.port);
    await wire.write(text);
    return { wire, answer: await wire.answer(method) };
  }
  async function isServing(): Promise<void> {
    const { wire, answer } = await ask(`POST /echo ${HOST}Content-Length: 3\r\n\r\nabc`);
    expect(answer?.body).toBe(echoOf(Buffer.from("abc")));
    wire.end();
  }

  describe("a body that goes on after its answer", () => {
    test.each([
      ["POST", "/now", 404],
      ["GET", "/now", 404],
      ["GET", "/ran", 200],
      ["HEAD", "/ran", 200],
      ["POST", "/throws", 500],
      ["POST", "/endless", 200],
      ["POST", "/echo", 413],
    ])(
      "of %s %s is answered at once, dropped for a while, and then cut off",
      async (method, path, status) => {
        const wire = new Wire(server.port);
        await wire.write(`${method} ${path} ${CHUNKED}`);
        if (path !== "/endless" && path !== "/echo") expect((await wire.answer(method))?.status).toBe(status);
        let sentBytes = 0;
        // What lies in the kernel's buffers was sent, and not read.
        const mostBytes = LIMITS.bodyBytesMax + LIMITS.drainBytesMax + 32 * 1024 * 1024;
        while (!wire.isClosed && sentBytes < mostBytes) {
          await wire.write(chunk);
          sentBytes += chunk.length;
        }
        await wire.closed;
        expect(sentBytes).toBeLessThan(mostBytes);
        await isServing();
      },
    );

    test("of a known length up to 64 KiB keeps its connection", async () => {
      const { wire, answer } = await ask(`POST /now ${HOST}Content-Length: 10\r\n\r\nhello`);
      expect(answer?.headers.get("connection")).not.toBe("close");
      await wire.write(`worldGET /ran ${HOST}\r\n`);
      expect((await wire.answer())?.body).toBe("ran");
      wire.end();
    });

    test("does not take the answer away from a client that reads late", async () => {
      const wire = new Wire(server.port);
      await wire.write(`POST /now ${HOST}Connection: close\r\nContent-Length: 1500000\r\n\r\n`);
      for (let i = 0; i < 15; i++) await wire.write(Buffer.alloc(100_000));
      expect((await wire.answer())?.status).toBe(404);
      await wire.closed;
    });
  });

  describe("bodies", () => {
    test("are held up to a budget, refused beyond it at once, and given back", async () => {
      const stalled = Array.from({ length: 8 }, () => new Wire(server.port));
      const patient = setInterval(() => {
        // Not slow: each brings a little all the time.
        for (const wire of stalled) void wire.write(Buffer.alloc(5_000));
      }, 100);
      try {
        for (const wire of stalled)
          await wire.write(
            Buffer.concat([
              Buffer.from(`POST /echo ${HOST}Content-Length: 1000000\r\n\r\n`),
              Buffer.alloc(700_000),
            ]),
          );
        await expect
          .poll(async () => (await server.seen()).heldBytes)
          .toBeGreaterThan(LIMITS.bodiesBytesMax - 1_000_000);
        expect((await server.seen()).heldBytes).toBeLessThanOrEqual(LIMITS.bodiesBytesMax);
        const { wire, answer } = await ask(`POST /echo ${HOST}Content-Length: 1000000\r\n\r\n`);
        expect(codeOf(answer)).toBe("503 overloaded");
        expect(answer?.headers.get("retry-after")).toBeDefined();
        wire.end();
      } finally {
        clearInterval(patient);
      }
      for (const wire of stalled) wire.reset();
      await expect.poll(async () => (await server.seen()).heldBytes).toBe(0);
      await isServing();
    });

    test("whose answer is known are not held", async () => {
      const { wire, answer } = await ask(
        Buffer.concat([
          Buffer.from(`POST /now ${HOST}Content-Length: 900000\r\n\r\n`),
          Buffer.alloc(600_000),
        ]),
      );
      expect(answer?.status).toBe(404);
      expect((await server.seen()).heldBytes).toBe(0);
      wire.end();
    });

    test("that are announced as too large are refused before they come", async () => {
      const { wire, answer } = await ask(`POST /echo ${HOST}Content-Length: 1100000\r\n\r\n`);
      expect(codeOf(answer)).toBe("413 body_too_large");
      wire.end();
    });
  });

  describe("a head", () => {
    test("of 48 fields is taken", async () => {
      expect((await ask(`GET /ran ${HOST}${headersOf(47)}\r\n`)).answer?.body).toBe("ran");
    });

    test("of HTTP/1.0 is answered, by uWS with 505", async () => {
      const { answer } = await ask("GET /ran HTTP/1.0\r\nHost: a\r\n\r\n");
      expect(answer?.status).toBe(isUws ? 505 : 200);
    });

    test.each([
      ["two lengths", "Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody"],
      ["a coding around chunks", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"],
      ["an unknown coding", "Transfer-Encoding: gzip\r\n\r\n"],
      ["two codings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"],
      ["a length and chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
      ["a list of lengths", "Content-Length: 0, 0\r\n\r\n"],
    ])("with %s is answered with 400, and nothing after it is run", async (_, rest) => {
      for (const method of ["POST", "GET", "DELETE"]) {
        const { wire, answer } = await ask(
          `${method} /ran?id=first ${HOST}${rest}GET /ran?id=second ${HOST}\r\n`,
        );
        expect(answer?.status).toBe(400);
        await wire.write(`GET /ran?id=third ${HOST}\r\n`);
        await wire.closed;
      }
      const { ran } = await server.seen();
      expect(ran.filter((id) => id !== null)).toEqual([]);
    });

    test.each([
      ["with it", "", "xxGET"],
      ["after it", "xx", "GET"],
    ])("of chunks runs nothing that comes %s in place of a trailer", async (_, end, begin) => {
      const chunks = `POST /echo ${CHUNKED}5\r\nhello\r\n0\r\n${end}`;
      const hidden = `${begin} /ran?id=hidden ${HOST}\r\n`;
      const wire = new Wire(server.port);
      await wire.write(end === "" ? chunks + hidden : chunks);
      await wire.answer();
      await wire.write(hidden);
      await wire.closed;
      expect((await server.seen()).ran).not.toContain("hidden");
    });

    test("that expects 100-continue is told to go on", async () => {
      const wire = new Wire(server.port);
      await wire.write(`POST /echo ${HOST}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n`);
      await expect.poll(() => wire.rest).toMatch(/^HTTP\/1\.1 100 Continue\r\n/);
      await wire.write("abc");
      expect((await wire.answer())?.body).toBe(echoOf(Buffer.from("abc")));
      wire.end();
    });
  });

  describe("a WebSocket", () => {
    test.each([
      ["that brings a body", "/live", "Content-Length: 5\r\n\r\nhello", "400"],
      ["that brings chunks", "/live", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "400"],
      ["with two lengths", "/live", "Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello", "400"],
      ["that is refused", "/live?refused", "\r\n", "400"],
      ["whose refusal is a bug", "/live?throws", "\r\n", "500"],
    ])("%s is refused, and nothing is opened", async (_, path, rest, status) => {
      const { wire, answer } = await ask(`GET ${path} ${UPGRADE}${rest}`);
      expect(String(answer?.status)).toBe(status);
      await wire.closed;
      await isServing();
    });

    test("whose listeners throw is closed, and nobody else", async () => {
      const { faults } = await server.seen();
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}/live`);
      const closed = new Promise<number>((resolve) => {
        socket.once("close", resolve);
      });
      socket.once("open", () => socket.send("throw"));
      expect(await closed).toBe(1011);
      // Of the message, and of the close.
      await expect.poll(async () => (await server.seen()).faults).toBe(faults + 2);
      await isServing();
    });
  });

  test("requests that come before the one before is answered are answered in order, or cut off", async () => {
    const wire = new Wire(server.port);
    await wire.write(`GET /late-large ${HOST}\r\nGET /ran ${HOST}\r\n`);
    const answers = [await wire.answer(), await wire.answer()];
    // uWS ends a connection that does not wait.
    expect(answers.map((answer) => answer?.body.slice(0, 3))).toEqual(
      isUws ? [undefined, undefined] : ["lll", "ran"],
    );
    wire.end();
    await sleep(0);
    await isServing();
  });
});
