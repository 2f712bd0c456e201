import { mkdtemp } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { JobState } from "@similarfaces/contracts";
import { dealFrom, type MixPhoto } from "@similarfaces/load";
import { NATS_SERVER, readConfig } from "@similarfaces/mesh";
import { startMeshUnderTest, type MeshUnderTest } from "../meshUnderTest.js";
import { heldBroker, type HeldBroker } from "./heldBroker.js";
import { honestVisitors } from "./honestVisitors.js";
import { verdictOf, type Outage, type Verdict } from "./verdict.js";

export interface TrialOptions {
  /** As it is printed: "kills, a process each". */
  name: string;
  photos: readonly MixPhoto[];
  processes?: boolean;
  /** How long a job may compute. */
  deadlineMs: number;
  /** Where a folder for it was made already. */
  dataDir?: string;
  env?: Record<string, string>;
  /** Photos on their way at once. */
  inFlight?: number;
  /** A job may end with a failure, as where the store refuses what it is given. */
  mayFail?: boolean;
  /** A process may end by itself, as one that is just starting when the broker is killed; it is started again. */
  mayEnd?: boolean;
}

/** What an attack works with. */
export interface Target {
  readonly mesh: MeshUnderTest;
  readonly broker: HeldBroker;
  /** Jobs whose end visitors have received since the attack began. */
  completed(): number;
  /** Resolves when there are so many, or all have ended. */
  completions(count: number): Promise<void>;
  /** Aborted when the visitors have received the end of all their jobs. */
  readonly over: AbortSignal;
}

export interface Attack {
  /** Photos that the visitors send; undefined: as long as the attack lasts. */
  jobs?: number;
  /** Until the attack is over, or `target.over`. */
  run(target: Target): Promise<{ outages?: Outage[]; faultsAtMs?: number[] }>;
}

export interface Trial extends Verdict {
  name: string;
  /** Photos that visitors had to send again. */
  refusals: number;
  mayFail: boolean;
  mayEnd?: boolean;
  /** Something else that is promised was missed; the details say what. */
  isMissed?: boolean;
}

const IN_FLIGHT_PER_CORE = 4;
/** The gateway forgets a job without viewers after 2 s: whoever comes later gets what the stream holds. */
const UNTIL_FORGOTTEN_MS = 3_000;

/** Visitors use a mesh of its own, first undisturbed, then while it is attacked. Whatever happens, the mesh is stopped. */
export async function trial(options: TrialOptions, attack: Attack): Promise<Trial> {
  const { name, photos, processes = false, deadlineMs, mayFail = false, mayEnd = false } = options;
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "similarfaces-faults-")));
  const broker = heldBroker(dataDir, readConfig(process.env).natsServer);
  const ended: string[] = [];
  const mesh = await startMeshUnderTest(
    {
      NATS_SERVER: broker.path,
      JOB_DEADLINE_MS: String(deadlineMs),
      SAMPLE_GALLERY: "false",
      ...options.env,
    },
    {
      processes,
      dataDir,
      onDeath(program, how) {
        // The attack itself kills, and a supervisor kills a broker that does not answer.
        if (program !== NATS_SERVER && !how.includes("SIGKILL")) ended.push(`${program} ${how}`);
      },
    },
  );
  const over = new AbortController();
  try {
    const undisturbed = await answersOf(mesh.url, photos, deadlineMs);
    const allEnded = new Promise<void>((resolve) => over.signal.addEventListener("abort", () => resolve()));
    const counter = new Counter();
    let attacking = true;
    const attacked = attack
      .run({
        mesh,
        broker,
        completed: () => counter.count,
        completions: (count) => Promise.race([counter.reaches(count), allEnded]),
        over: over.signal,
      })
      .finally(() => (attacking = false));
    // Awaited below, after the visitors; until then a rejection is not unhandled.
    attacked.catch(() => {});
    const deal = dealFrom(photos);
    const visits = await honestVisitors({
      url: mesh.url,
      deal,
      more: (sent) => (attack.jobs === undefined ? attacking : sent < attack.jobs),
      inFlight: options.inFlight ?? IN_FLIGHT_PER_CORE * availableParallelism(),
      deadlineMs,
      readAgainAfterMs: UNTIL_FORGOTTEN_MS,
      onCompletion: () => counter.add(),
      onAllDone: () => over.abort(),
    });
    const { outages = [], faultsAtMs = [] } = await attacked;
    const { observations, refusals, gaveUp } = visits;
    if (gaveUp > 0) ended.push(`${gaveUp} visitors gave up: no photo was taken for minutes`);
    return {
      name,
      refusals,
      mayFail,
      mayEnd,
      isMissed: gaveUp > 0,
      ...verdictOf({ observations, undisturbed, outages, faultsAtMs, ended }),
    };
  } finally {
    over.abort();
    broker.free();
    await mesh.stop();
  }
}

/** Of each photo, without an attack. */
async function answersOf(
  url: string,
  photos: readonly MixPhoto[],
  deadlineMs: number,
): Promise<Map<string, JobState>> {
  const left = [...photos];
  const { observations } = await honestVisitors({
    url,
    deal: () => left.shift()!,
    more: (sent) => sent < photos.length,
    inFlight: photos.length,
    deadlineMs,
    readAgainAfterMs: 0,
  });
  return new Map(observations.map(({ photo, job }) => [photo, job]));
}

class Counter {
  count = 0;
  #waiting: { count: number; resolve(): void }[] = [];

  add(): void {
    this.count++;
    for (const { count, resolve } of this.#waiting) if (count <= this.count) resolve();
  }

  reaches(count: number): Promise<void> {
    if (this.count >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }
}
