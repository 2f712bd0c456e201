import { NATS_SERVER } from "@similarfaces/mesh";
import type { MixPhoto } from "@similarfaces/load";
import { startBareProcess } from "../bare/bareProcess.js";
import { IN_FLIGHT_PER_WORKER, meshRound } from "../cost.js";
import { startMeshUnderTest } from "../meshUnderTest.js";
import { PART_NAMES } from "./parts.js";
import { startSampling, type Sampling } from "./sampledProcess.js";
import { ROLES, processTimes, spentByRole, type ProcessTimes, type Times } from "./threads.js";
import { add, nowUs, sampledIn, type Window } from "./window.js";

export interface ProfileOptions {
  mix: readonly MixPhoto[];
  /** Of the round that counts; one of a third of it goes before. */
  roundMs: number;
  processes: boolean;
}

/** Milliseconds of processor time per photo. */
export interface ProfileRow {
  name: string;
  mesh: number;
  bare: number;
}

export interface ProfileReport {
  photos: { mesh: number; bare: number };
  /** By part of the code, of main threads together. */
  main: ProfileRow[];
  /** Other threads, by what they are there for. */
  threads: ProfileRow[];
  broker: { user: number; system: number };
  /** What the sampling threads themselves took, which is in none of these. */
  profiler: { mesh: number; bare: number };
  /** Of main threads' code in no part: the most expensive functions, milliseconds per photo. */
  others: { name: string; mesh: number }[];
}

/**
 * Where the processor time of a photo goes, in the mesh and in the bare loop: each process is sampled over one round.
 * @throws Error where there is no /proc
 */
export async function benchProfile(options: ProfileOptions): Promise<ProfileReport> {
  const { mix, roundMs, processes } = options;
  if (process.platform !== "linux") throw new Error("what a thread uses is read from /proc: on Linux only");
  const sampling = startSampling();
  try {
    const bareLoop = await startBareProcess({ ...process.env, ...sampling.env }, processes);
    const { workers, pid } = bareLoop;
    const bare = await watch(() => ({ "bare loop": pid }), sampling, {
      warmUp: () => bareLoop.round(mix, roundMs / 3),
      round: () => bareLoop.round(mix, roundMs),
      end: () => bareLoop.close(),
    });
    const inFlight = IN_FLIGHT_PER_WORKER * workers;
    const underTest = await startMeshUnderTest(sampling.env, { processes });
    const mesh = await watch(() => pidsOf(underTest.children()), sampling, {
      warmUp: () => meshRound(underTest, mix, { inFlight, roundMs: roundMs / 3 }),
      round: () => meshRound(underTest, mix, { inFlight, roundMs }),
      end: () => underTest.stop(),
    });
    return reportOf(mesh, bare);
  } finally {
    sampling.end();
  }
}

const pidsOf = (children: Readonly<Record<string, { pid: number }>>) =>
  Object.fromEntries(Object.entries(children).map(([name, { pid }]) => [name, pid]));

/** Seconds in all of a round. */
interface Watched {
  photos: number;
  main: Map<string, number>;
  others: Map<string, number>;
  threads: Map<string, number>;
  broker: Times;
}

interface Watchable {
  warmUp(): Promise<unknown>;
  round(): Promise<{ photosInAll: number }>;
  /** Processes write their profiles at their end. */
  end(): Promise<void>;
}

async function watch(
  pids: () => Readonly<Record<string, number>>,
  sampling: Sampling,
  { warmUp, round, end }: Watchable,
): Promise<Watched> {
  try {
    await warmUp();
    const processes = Object.entries(pids());
    const look = () => new Map(processes.map(([name, pid]) => [name, processTimes(pid)]));
    const [before, fromUs] = [look(), nowUs()];
    const { photosInAll: photos } = await round();
    const [after, toUs] = [look(), nowUs()];
    await end();
    const watched: Watched = {
      photos,
      main: new Map(),
      others: new Map(),
      threads: new Map(),
      broker: { user: 0, system: 0 },
    };
    for (const [name, pid] of processes) {
      const times = [before.get(name)!, after.get(name)!] as const;
      if (name === NATS_SERVER) watched.broker = difference(times);
      else addProcess(watched, { pid, times, sampled: sampling.read(pid), window: { fromUs, toUs } });
    }
    return watched;
  } catch (error) {
    await end();
    throw error;
  }
}

interface OneProcess {
  pid: number;
  times: readonly [ProcessTimes, ProcessTimes];
  sampled: ReturnType<Sampling["read"]>;
  window: Window;
}

/** Samples are of wall time: their shares are taken of the thread's processor time, so that waiting for a core counts for nobody. */
function addProcess(watched: Watched, { pid, times, sampled, window }: OneProcess): void {
  const { mainSeconds, roles } = spentByRole(pid, times, sampled);
  const { parts, others } = sampledIn(sampled.profile, window);
  const sampledUs = [...parts.values()].reduce((sum, us) => sum + us, 0);
  const scale = sampledUs > 0 ? mainSeconds / sampledUs : 0;
  for (const [part, us] of parts) add(watched.main, part, us * scale);
  for (const [place, us] of others) add(watched.others, place, us * scale);
  for (const [role, seconds] of roles) add(watched.threads, role, seconds);
}

function difference([before, after]: readonly [ProcessTimes, ProcessTimes]): Times {
  return { user: after.all.user - before.all.user, system: after.all.system - before.all.system };
}

const OTHERS_NAMED = 5;

function reportOf(mesh: Watched, bare: Watched): ProfileReport {
  const perPhoto = (seconds: number | undefined, { photos }: Watched) => ((seconds ?? 0) * 1_000) / photos;
  const rows = (names: readonly string[], of: "main" | "threads"): ProfileRow[] =>
    names.map((name) => ({
      name,
      mesh: perPhoto(mesh[of].get(name), mesh),
      bare: perPhoto(bare[of].get(name), bare),
    }));
  const others = [...mesh.others].toSorted(([, a], [, b]) => b - a).slice(0, OTHERS_NAMED);
  return {
    photos: { mesh: mesh.photos, bare: bare.photos },
    main: rows(PART_NAMES, "main"),
    threads: rows(
      Object.values(ROLES).filter((role) => role !== ROLES.profiler),
      "threads",
    ),
    broker: { user: perPhoto(mesh.broker.user, mesh), system: perPhoto(mesh.broker.system, mesh) },
    profiler: {
      mesh: perPhoto(mesh.threads.get(ROLES.profiler), mesh),
      bare: perPhoto(bare.threads.get(ROLES.profiler), bare),
    },
    others: others.map(([name, seconds]) => ({ name, mesh: perPhoto(seconds, mesh) })),
  };
}
