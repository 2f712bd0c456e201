import {
  STREAM_NAMES,
  consumer,
  isCoreStage,
  isStageName,
  type Announcement,
  type StageName,
} from "@similarfaces/contracts";
import {
  consumersOf,
  provideConsumer,
  type AnnouncedModels,
  type Broker,
  type Log,
} from "@similarfaces/runtime";

export interface AnalyzerConsumersOptions {
  broker: Broker;
  log: Pick<Log, "info" | "debug">;
  models: AnnouncedModels;
  standing: readonly Announcement[];
  leaseMs: number;
}

/** The consumers of analyzers: made on request, deleted once their analyzer is not announced any more. */
export interface AnalyzerConsumers {
  /** Makes the consumer of an analyzer, and keeps it for a lease: within that the analyzer announces itself. */
  provide(name: StageName): Promise<void>;
  close(): Promise<void>;
}

/** How often per lease consumers are compared with announcements; also after each change of these. */
const RECONCILED_PER_LEASE = 4;

/** Reconciles consumers with announcements, from now until it is closed. */
export function analyzerConsumers(options: AnalyzerConsumersOptions): AnalyzerConsumers {
  const { broker, log, models, standing, leaseMs } = options;
  /** By name, when a consumer may be deleted at the earliest if no analyzer of that name is announced; milliseconds since the epoch. */
  const keptUntilMs = new Map<string, number>();
  let isClosed = false;
  // One after the other: a reconciliation that began earlier must not delete a consumer that was just requested.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };

  /** Every analyzer that is announced has a consumer, and no other. */
  async function reconcile(): Promise<void> {
    if (isClosed || !broker.connected()) return;
    const wanted = new Set([...standing, ...models.analyzers()].map(({ name }) => name));
    for (const name of wanted) {
      if (!keptUntilMs.has(name)) keptUntilMs.set(name, 0);
    }
    const there = (await consumersOf(broker, STREAM_NAMES.faces)).map(({ name }) => name);
    for (const name of there.filter((each) => !wanted.has(each) && !isCoreStage(each))) await retire(name);
    for (const name of wanted) {
      if (!there.includes(name)) await provideConsumer(broker, consumer(name));
    }
    for (const name of keptUntilMs.keys()) {
      if (!wanted.has(name) && !there.includes(name)) keptUntilMs.delete(name);
    }
  }

  async function retire(name: string): Promise<void> {
    // A consumer that this process did not make, as of the process before it, has a lease from now on.
    if (!keptUntilMs.has(name)) keptUntilMs.set(name, Date.now() + leaseMs);
    if (Date.now() < keptUntilMs.get(name)!) return;
    await broker.jsm.consumers.delete(STREAM_NAMES.faces, name);
    keptUntilMs.delete(name);
    if (isStageName(name)) log.info({ analyzer: name }, "not announced any more: its consumer is deleted");
  }

  const reconcileInTurn = () =>
    void inTurn(reconcile).catch((err: unknown) =>
      log.debug({ err }, "consumers could not be compared with the announcements"),
    );
  const timer = setInterval(reconcileInTurn, leaseMs / RECONCILED_PER_LEASE).unref();
  const offChange = models.onChange(reconcileInTurn);
  // Announcements could not be renewed while the broker was away.
  const offReconnect = broker.onReconnect(() => {
    for (const name of keptUntilMs.keys()) keptUntilMs.set(name, Date.now() + leaseMs);
  });
  reconcileInTurn();
  return {
    provide(name) {
      keptUntilMs.set(name, Date.now() + leaseMs);
      return inTurn(async () => {
        await provideConsumer(broker, consumer(name));
        // The lease counts from when the consumer is there.
        keptUntilMs.set(name, Date.now() + leaseMs);
      });
    },
    async close() {
      isClosed = true;
      clearInterval(timer);
      offChange();
      offReconnect();
      await last;
    },
  };
}
