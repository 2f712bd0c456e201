import {
  STREAM_NAMES,
  consumer,
  isCoreStage,
  isStageName,
  type Announcement,
  type StageName,
} from "@similarfaces/contracts";
import { provideConsumer, type Analyzers, type Broker, type Log } from "@similarfaces/runtime";

export interface AnalyzerConsumersOptions {
  broker: Broker;
  log: Pick<Log, "info" | "debug">;
  analyzers: Analyzers;
  standing: readonly Announcement[];
  leaseMs: number;
}

/** The consumers of analyzers: made for who asks, taken away from who is announced no more. */
export interface AnalyzerConsumers {
  /** Makes the consumer of an analyzer, and keeps it for a lease: within that the analyzer announces itself. */
  provide(name: StageName): Promise<void>;
  close(): Promise<void>;
}

/** How often per lease they are looked through; also after each change of the announcements. */
const LOOKS_PER_LEASE = 4;

export function analyzerConsumers(options: AnalyzerConsumersOptions): AnalyzerConsumers {
  const { broker, log, analyzers, standing, leaseMs } = options;
  /** When a consumer may be taken away at the earliest, if nobody of its name is announced. */
  const keptUntilMs = new Map<string, number>();
  let isClosed = false;
  // One after the other: a consumer that was just asked for is not taken away by a look that began before.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };

  /** Every analyzer that is announced has a consumer, and no other. */
  async function look(): Promise<void> {
    if (isClosed || !broker.connected()) return;
    const wanted = new Set([...standing, ...analyzers.list()].map(({ name }) => name));
    for (const name of wanted) {
      if (!keptUntilMs.has(name)) keptUntilMs.set(name, 0);
    }
    const there: string[] = [];
    for await (const { name } of broker.jsm.consumers.list(STREAM_NAMES.faces)) there.push(name);
    for (const name of there.filter((each) => !wanted.has(each) && !isCoreStage(each))) await retire(name);
    for (const name of wanted) {
      if (!there.includes(name)) await provideConsumer(broker, consumer(name));
    }
    for (const name of keptUntilMs.keys()) {
      if (!wanted.has(name) && !there.includes(name)) keptUntilMs.delete(name);
    }
  }

  async function retire(name: string): Promise<void> {
    // Of whom nothing is known, asked for before this process began, has a lease from now on.
    if (!keptUntilMs.has(name)) keptUntilMs.set(name, Date.now() + leaseMs);
    if (Date.now() < keptUntilMs.get(name)!) return;
    await broker.jsm.consumers.delete(STREAM_NAMES.faces, name);
    keptUntilMs.delete(name);
    if (isStageName(name)) log.info({ analyzer: name }, "nobody announces it any more: its consumer is gone");
  }

  const lookInTurn = () =>
    void inTurn(look).catch((err: unknown) => log.debug({ err }, "consumers could not be looked through"));
  const timer = setInterval(lookInTurn, leaseMs / LOOKS_PER_LEASE).unref();
  const offChange = analyzers.onChange(lookInTurn);
  // Nobody could renew anything while the broker was away.
  const offReconnect = broker.onReconnect(() => {
    for (const name of keptUntilMs.keys()) keptUntilMs.set(name, Date.now() + leaseMs);
  });
  lookInTurn();
  return {
    provide(name) {
      keptUntilMs.set(name, Date.now() + leaseMs);
      return inTurn(async () => {
        await provideConsumer(broker, consumer(name));
        // The making may have taken its time.
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
