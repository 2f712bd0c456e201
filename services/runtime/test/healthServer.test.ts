import { afterEach, expect, it } from "vitest";
import { serveHealth, type HealthOptions, type HealthServer } from "../src/service/healthServer.js";
import { createMetrics } from "../src/telemetry/metrics.js";

const servers: HealthServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(options: Partial<HealthOptions>): Promise<number> {
  const server = await serveHealth({
    host: "127.0.0.1",
    port: undefined,
    usualPort: undefined,
    metrics: createMetrics({ service: "test", version: "0", emitters: [] }),
    healthy: () => true,
    unready: () => undefined,
    ...options,
  });
  servers.push(server);
  return server.port;
}

/** One that others of this machine are not likely to take meanwhile: below those that systems give away. */
const USUAL = 20_000 + (process.pid % 9_000);

it("is at its usual port, and of several on one machine each has its own", async () => {
  const first = await serve({ usualPort: USUAL });
  const second = await serve({ usualPort: first });
  expect(first).toBeGreaterThanOrEqual(USUAL);
  expect(second).toBeGreaterThan(first);
  for (const port of [first, second]) {
    expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain(
      "similarfaces_build_info",
    );
  }
});

it("is at the port that was asked for, or nowhere", async () => {
  const taken = await serve({ port: 0, usualPort: USUAL });
  await expect(serve({ port: taken, usualPort: USUAL })).rejects.toThrow("EADDRINUSE");
});
