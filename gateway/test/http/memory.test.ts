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

/** Uploads that stop one byte before their end: 1.2 GB, if they were held. */
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
    const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${19 * MIB}\r\n\r\n`;
    const content = Buffer.alloc(MIB);
    const wires = Array.from({ length: UPLOADS }, () => new Wire(server.port));
    await Promise.all(
      wires.map(async (wire) => {
        await wire.write(head);
        for (let i = 0; i < 18; i++) await wire.write(content);
      }),
    );
    const during = await server.seen();
    for (const wire of wires) wire.reset();
    await expect.poll(async () => (await server.seen()).heldBytes).toBe(0);
    const after = await server.seen();
    expect(during.heldBytes).toBeLessThanOrEqual(mostBytes);
    expect(during.rss - before.rss).toBeLessThan(mostBytes + 2 * SLACK);
    // At once, and without anything to be collected: nothing happens in an idle process.
    expect(after.rss - before.rss).toBeLessThan(SLACK);
    expect(after.arrayBuffers).toBeLessThan(SLACK);
  });
});
