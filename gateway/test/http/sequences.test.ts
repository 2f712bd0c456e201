import { afterAll, beforeAll, describe, expect, it, onTestFailed } from "vitest";
import { DRIVERS, startTestServer, type TestServer } from "./drivers.js";
import { echoOf, makeSequence, play } from "./sequences.js";
import { Wire } from "./wire.js";

/** Over all drivers more than 2,000. */
const SEQUENCES = 700;
const SIDE_BY_SIDE = 12;
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000_007);

/** No request, however it comes and goes, ends the server or takes another's answer. */
describe.each(DRIVERS)("on $name", (driver) => {
  let server: TestServer;
  beforeAll(async () => {
    // Nobody here is slow on purpose; a busy machine may be.
    const patient = { bodyMs: 60_000, bodyWindowMs: 30_000, drainMs: 30_000 };
    if (driver.isThere) server = await startTestServer(driver, patient);
  });
  afterAll(() => server?.stop());

  it.skipIf(!driver.isThere)(`${SEQUENCES} sequences of requests get their answers, or an end`, async () => {
    expect(server.description).toMatch(driver.description);
    let next = 0;
    const failed: string[] = [];
    const playing = new Set<number>();
    onTestFailed(() => console.error(`sequences that had no end: SEED=${[...playing].join(", SEED=")}`));
    const worker = async () => {
      while (next < SEQUENCES && failed.length === 0) {
        const seed = SEED + next++;
        playing.add(seed);
        try {
          await play(server.port, makeSequence(seed), String(seed));
          await honest(server.port);
        } catch (error) {
          failed.push(`SEED=${seed}: ${String(error)}`);
        }
        playing.delete(seed);
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
    expect(failed).toEqual([]);
    expect((await server.seen()).ran, `SEED=${SEED}`).toEqual([]);
    await expect
      .poll(async () => (await server.seen()).heldBytes, { timeout: 10_000, message: `SEED=${SEED}` })
      .toBe(0);
  });

  it.skipIf(!driver.isThere)("and it ends when it is told to", async () => {
    expect(await server.stop()).toBe(0);
  });
});

/** Somebody else, on a connection of their own. */
async function honest(port: number): Promise<void> {
  const wire = new Wire(port);
  await wire.write("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\nabcdefg");
  const answer = await wire.answer();
  wire.end();
  if (answer?.body !== echoOf(Buffer.from("abcdefg")))
    throw new Error(`an honest request got ${answer?.status}`);
}
