import { startMeshUnderTest } from "./meshUnderTest.js";
import { closedLoop, type Throughput } from "./closedLoop.js";
import { median } from "./percentiles.js";

const DRIVERS = ["uws", "node"] as const;
const IN_FLIGHT = 32;

/** Requests a second on each HTTP driver: a small answer, from a client that takes its share of the same cores. */
export async function benchHttp({ rounds, roundMs }: { rounds: number; roundMs: number }): Promise<void> {
  const perSecond: Record<(typeof DRIVERS)[number], number[]> = { uws: [], node: [] };
  for (const driver of DRIVERS) {
    const mesh = await startMeshUnderTest({ HTTP_DRIVER: driver, SAMPLE_GALLERY: "false" });
    try {
      const ask = async (): Promise<unknown> => (await fetch(`${mesh.url}/healthz`)).text();
      await closedLoop(IN_FLIGHT, 1_000, ask);
      for (let round = 0; round < rounds; round++) {
        const { perSecond: rate }: Throughput = await closedLoop(IN_FLIGHT, roundMs, ask);
        perSecond[driver].push(rate);
      }
    } finally {
      await mesh.stop();
    }
  }
  const [uws, node] = [median(perSecond.uws), median(perSecond.node)];
  console.log(
    `http: uws ${uws.toFixed(0)} requests/s, node ${node.toFixed(0)}; ratio ${(uws / node).toFixed(2)}`,
  );
}
