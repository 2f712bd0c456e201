import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeOf, headersOf } from "./answers.js";
import { DRIVERS, startTestServer, type Driver, type TestServer } from "./drivers.js";
import { Wire } from "./wire.js";

const HOST = "HTTP/1.1\r\nHost: a\r\n";
const CHUNKED = `${HOST}Transfer-Encoding: chunked\r\n\r\n`;

/** Clients that keep a connection waiting: all at once, for each is waited for. */
describe("a client that is slow", () => {
  const servers = new Map<Driver, TestServer>();
  beforeAll(async () => {
    for (const driver of DRIVERS) if (driver.isThere) servers.set(driver, await startTestServer(driver));
  });
  afterAll(() => Promise.all([...servers.values()].map((server) => server.stop())));

  describe.concurrent.each(DRIVERS)("on $name", (driver) => {
    const isUpstream = driver.loader !== undefined;
    const isOld = driver.leftOut !== "";
    const test = it.skipIf(!driver.isThere);
    const connected = () => new Wire(servers.get(driver)!.port);

    test.concurrent.each([
      ["stalls within its body", 0],
      ["trickles", 500],
    ])("and %s is told so", async (_, bytes) => {
      const wire = connected();
      await wire.write(`POST /echo ${HOST}Content-Length: 1000000\r\n\r\nhello`);
      const trickle = setInterval(() => void wire.write(Buffer.alloc(bytes)), 100);
      expect(codeOf(await wire.answer())).toBe("408 body_too_slow");
      clearInterval(trickle);
      await wire.closed;
    });

    test.concurrent("but steady has a time limit all the same", async () => {
      const wire = connected();
      await wire.write(`POST /echo ${CHUNKED}`);
      const steady = setInterval(() => void wire.write(`800\r\n${"x".repeat(0x800)}\r\n`), 20);
      expect(codeOf(await wire.answer())).toBe("408 body_too_slow");
      clearInterval(steady);
      wire.end();
    });

    test.concurrent("after its answer is cut off", async () => {
      const wire = connected();
      await wire.write(`POST /now ${CHUNKED}5\r\nhello\r\n`);
      expect((await wire.answer())?.status).toBe(404);
      await wire.closed;
    });

    // Upstream's build waits 30 s (measured), too long for a test.
    if (!isUpstream)
      test.concurrent("with its head is not waited for", async () => {
        const wire = connected();
        await wire.write(`GET /ran ${HOST}X: `);
        const trickle = setInterval(() => void wire.write("y"), 500);
        await wire.closed;
        clearInterval(trickle);
      });

    test.concurrent("or sends 49 header fields gets 431, from the older build an end", async () => {
      const wire = connected();
      await wire.write(`GET /ran?id=49 ${HOST}${headersOf(48)}\r\n`);
      const answer = await wire.answer();
      // It has no room for them, takes the head for unfinished, and gives up after 8 to 12 s.
      if (isOld) expect(answer).toBeUndefined();
      else expect(codeOf(answer)).toBe("431 too_many_headers");
      expect((await servers.get(driver)!.seen()).ran).not.toContain("49");
      wire.end();
    });
  });
});
