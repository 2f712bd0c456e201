import { LEASE_MS, RENEW_MS, isCoreStage, type Announcement, type StageName } from "@similarfaces/contracts";
import { followModels, mendRewound, provision, type Broker, type Log } from "@similarfaces/runtime";
import { analyzerConsumers } from "./analyzerConsumers.js";
import { answerRequests } from "./answerRequests.js";
import { keepStanding } from "./keepStanding.js";
import { watchRivals } from "./watchRivals.js";

export interface ProvisionOptions {
  broker: Broker;
  log: Log;
  /** Aborts the start. */
  signal: AbortSignal;
  /** Copies of every stream and bucket. */
  replicas: number;
  jobTtlMs: number;
  /** What is switched on; the analyzers among them are those of `standing`. */
  stages: readonly StageName[];
  /** Analyzers that stay announced although none of them may be running: what they are asked waits, and scales them up. */
  standing: readonly Announcement[];
  /** Makes the stores, or opens them where they are there. */
  openStores?(): Promise<{ close(): Promise<void> }>;
  /** Of announcements: shorter in tests only. */
  leaseMs?: number;
  renewMs?: number;
}

export interface Provision {
  close(): Promise<void>;
}

/** Servers that are just starting have no leader, or not yet room for as many copies as they will have. */
const TRY_FOR_MS = 60_000;
const PAUSE_MS = 1_000;

/**
 * Makes stores, streams and consumers, and looks after them until it is closed. Any number of processes may do so at a time. Resolves when
 * all is made and the standing analyzers are announced.
 * @throws Error where the broker refuses for a minute what is to be made
 */
export async function startProvision(options: ProvisionOptions): Promise<Provision> {
  const { broker, log, signal, replicas, jobTtlMs, standing, openStores } = options;
  const lease = { leaseMs: options.leaseMs ?? LEASE_MS, renewMs: options.renewMs ?? RENEW_MS };
  const stages = [...options.stages.filter(isCoreStage), ...standing.map(({ name }) => name)];
  await tryAgain(async () => {
    // Stores first: services that wait for their consumer find them made, with their copies.
    await (await openStores?.())?.close();
    await provision(broker, { replicas, jobTtlMs, stages, leaseMs: lease.leaseMs });
    await mendRewound(broker, log);
  }, options);
  const offReconnect = broker.firstOnReconnect(() => mendRewound(broker, log));
  const models = await followModels(broker, { signal, ...lease });
  const consumers = analyzerConsumers({ broker, log, models, standing, leaseMs: lease.leaseMs });
  const offRivals = watchRivals({ log, models, leaseMs: lease.leaseMs });
  const announced = await keepStanding({ broker, log, models, standing, renewMs: lease.renewMs });
  const requests = await answerRequests({ broker, log, consumers });
  return {
    async close() {
      offReconnect();
      requests.close();
      announced.close();
      offRivals();
      models.close();
      await consumers.close();
    },
  };
}

async function tryAgain(
  attempt: () => Promise<void>,
  { broker, log, signal }: ProvisionOptions,
): Promise<void> {
  for (const untilMs = Date.now() + TRY_FOR_MS; ;) {
    try {
      return await attempt();
    } catch (err) {
      if (signal.aborted || broker.nc.isClosed() || Date.now() > untilMs) throw err;
      log.debug({ err }, "not everything can be made yet");
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
