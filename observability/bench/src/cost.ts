import { setTimeout as sleep } from "node:timers/promises";
import { dealFrom, type MixPhoto } from "@similarfaces/load";
import { analyseUnread } from "./analyseUnread.js";
import type { SpentRound } from "./spentRound.js";
import { closedLoop, type Throughput } from "./closedLoop.js";
import type { MeshUnderTest } from "./meshUnderTest.js";

/**
 * What the mesh costs, in milliseconds of processor time per photo: that of its services and of its broker, less that of the bare
 * loop on the same photos. Visitors count nowhere.
 */
export interface Cost {
  services: number;
  broker: number;
  bare: number;
  /** services + broker - bare */
  difference: number;
}

export interface MeshRound extends Throughput {
  /** Processor time for `photosInAll`. */
  servicesSeconds: number;
  brokerSeconds: number;
}

/** Photos on their way at once in the mesh, per worker: enough that no stage ever waits for the next. */
export const IN_FLIGHT_PER_WORKER = 6;

/** As many photos as go through the mesh, and what they cost until the last of them is stored. */
export async function meshRound(
  mesh: MeshUnderTest,
  photos: readonly MixPhoto[],
  { inFlight, roundMs }: { inFlight: number; roundMs: number },
): Promise<MeshRound> {
  const deal = dealFrom(photos);
  const before = mesh.usage();
  const round = await closedLoop(inFlight, roundMs, () => analyseUnread(mesh.url, deal().bytes));
  await quiet(mesh);
  const after = mesh.usage();
  return {
    ...round,
    servicesSeconds: after.services.cpuSeconds - before.services.cpuSeconds,
    brokerSeconds: after.broker.cpuSeconds - before.broker.cpuSeconds,
  };
}

/** Of all rounds together: rounds are of about one length, and every photo of them counts once. */
export function costOf(meshes: readonly MeshRound[], bares: readonly SpentRound[]): Cost {
  const done = sum(meshes, ({ photosInAll }) => photosInAll);
  const services = (sum(meshes, ({ servicesSeconds }) => servicesSeconds) / done) * 1_000;
  const broker = (sum(meshes, ({ brokerSeconds }) => brokerSeconds) / done) * 1_000;
  const bare =
    (sum(bares, ({ cpuSeconds }) => cpuSeconds) / sum(bares, ({ photosInAll }) => photosInAll)) * 1_000;
  return { services, broker, bare, difference: services + broker - bare };
}

export function describeCost({ services, broker, bare, difference }: Cost): string {
  const [mesh, ofBroker, loop, more] = [services, broker, bare, difference].map((ms) => ms.toFixed(1));
  return `${more} ms of processor time per photo: services ${mesh}, broker ${ofBroker}, less the bare loop's ${loop}`;
}

const QUIET_LOOK_MS = 250;
/** Of one core, in a look: a mesh that rests still answers its supervisor. */
const QUIET_SHARE = 0.08;
const QUIET_WITHIN_MS = 5_000;

/** Photos and portraits are stored after their answers: what that costs belongs to the round that sent them. */
async function quiet(mesh: MeshUnderTest): Promise<void> {
  const byMs = performance.now() + QUIET_WITHIN_MS;
  for (let [used, share] = [mesh.cpuSeconds(), 1]; share > QUIET_SHARE && performance.now() < byMs;) {
    const startedAtMs = performance.now();
    await sleep(QUIET_LOOK_MS);
    const now = mesh.cpuSeconds();
    share = ((now - used) * 1_000) / (performance.now() - startedAtMs);
    used = now;
  }
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}
