import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DRIVERS, startTestServer, type TestServer } from "./drivers.js";
import { Wire } from "./wire.js";

const MIB = 1024 * 1024;
const UPLOADS = 60;
const BUDGET = 256 * MIB;
/** What a process takes for itself on the way, and Node of a body before it tells of it. */
const SLACK = 120 * MIB;
const LIMITS = {
  bodyBytesMax: 20 * MIB,
  bodiesBytesMax: BUDGET,
  drainBytesMax: 64 * MIB,
  bodyMs: 60_000,
  bodyWindowMs: 30_000,
  drainMs: 30_000,
};

/** Uploads that stop before their end: 1.1 GB, if they were held. */
describe.each(DRIVERS)(`${UPLOADS} uploads of 19 MiB that stall, on $name`, (driver) => {
  let server: TestServer;
  beforeAll(async () => {
    if (driver.isThere) server = await startTestServer(driver, LIMITS);
  });
  afterAll(() => server?.stop());

  it.skipIf(!driver.isThere).each([
    ["/now", 0],
    ["/echo", BUDGET],
  ])("to %s hold at most %i bytes, and give them back", async (path, mostBytes) => {
    const before = await server.seen();
    for (let round = 0; round < 2; round++) {
      const wires = await stalled(server.port, path);
      const during = await server.seen();
      expect(during.heldBytes).toBeLessThanOrEqual(mostBytes);
      // Of the second round too: what libc has kept of the first is used again.
      expect(during.rss - before.rss).toBeLessThan(mostBytes + 2 * SLACK);
      for (const wire of wires) wire.reset();
      await expect.poll(async () => (await server.seen()).heldBytes).toBe(0);
      // At once, and without anything to be collected: nothing happens in an idle process.
      expect((await server.seen()).arrayBuffers).toBeLessThan(SLACK);
    }
  });
});

async function stalled(port: number, path: string): Promise<Wire[]> {
  const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${19 * MIB}\r\n\r\n`;
  const content = Buffer.alloc(MIB);
  const wires = Array.from({ length: UPLOADS }, () => new Wire(port));
  await Promise.all(
    wires.map(async (wire) => {
      await wire.write(head);
      for (let i = 0; i < 18; i++) await wire.write(content);
    }),
  );
  return wires;
}
