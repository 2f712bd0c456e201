import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { endProcess, identityOf, isAlive, type ProcessIdentity } from "./processIdentity.js";

/** What runs on a data folder, for the next start and for the command line: `<data>/run.json`. */
export interface RunState {
  supervisor: ProcessIdentity;
  /** Where the gateway is reached, once it serves. */
  url?: string;
  /** Of the gateway's process. */
  metricsUrl?: string;
  natsUrl: string;
  /** The owner's user at the broker, who may do everything there; of a broker elsewhere it is not known. */
  natsUser?: string;
  natsPassword?: string;
  /** Started for one command, and stopped after it. */
  forOneCommand: boolean;
  children: Record<string, ProcessIdentity>;
}

const STATE = "run.json";
const LOCK = "run.lock";

/** What runs on this data folder now; undefined where nothing does. */
export function readRunState(dataDir: string): RunState | undefined {
  const state = read<RunState>(join(dataDir, STATE));
  return state && isAlive(state.supervisor) ? state : undefined;
}

/**
 * Replaces the file in one step. It holds a password of the broker, so it is its owner's alone.
 * @returns false where the disk is full; the file is then what it was
 */
export function tryWriteRunState(dataDir: string, state: RunState): boolean {
  const path = join(dataDir, STATE);
  try {
    writeFileSync(`${path}.new`, JSON.stringify(state, undefined, 1), { mode: 0o600 });
    renameSync(`${path}.new`, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    rmSync(`${path}.new`, { force: true });
    return false;
  }
}

export function removeRunState(dataDir: string): void {
  rmSync(join(dataDir, STATE), { force: true });
}

/** Ends what an earlier supervisor, killed before it could, left behind on this data folder. */
export async function endLeftovers(dataDir: string, graceMs: number): Promise<void> {
  const state = read<RunState>(join(dataDir, STATE));
  // The services first: they drain into the broker.
  const [broker, services] = partition(Object.entries(state?.children ?? {}));
  await Promise.all(services.map((child) => endProcess(child, graceMs)));
  await Promise.all(broker.map((child) => endProcess(child, graceMs)));
}

export interface Lock {
  release(): void;
}

/** One supervisor per data folder. Undefined where another one, which lives, has it; a dead one's lock is taken over. */
export function acquireLock(dataDir: string): Lock | undefined {
  const path = join(dataDir, LOCK);
  const own = JSON.stringify(identityOf(process.pid));
  for (;;) {
    if (create(path, own)) return { release: () => rmSync(path, { force: true }) };
    const owner = read<ProcessIdentity>(path);
    if (owner && isAlive(owner)) return undefined;
    if (!takeAway(path)) return undefined;
  }
}

function create(path: string, content: string): boolean {
  try {
    const file = openSync(path, "wx");
    writeSync(file, content);
    closeSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Removes a dead owner's lock; gives it back if, a moment ago, a living one took it. @returns false in that case */
function takeAway(path: string): boolean {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return true;
  }
  const owner = read<ProcessIdentity>(aside);
  const lives = owner !== undefined && isAlive(owner);
  if (lives) linkSync(aside, path);
  rmSync(aside, { force: true });
  return !lives;
}

function read<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as T;
  } catch {
    return undefined;
  }
}

function partition(children: [string, ProcessIdentity][]): [ProcessIdentity[], ProcessIdentity[]] {
  const isBroker = ([name]: [string, ProcessIdentity]) => name === "nats-server";
  const identities = (list: [string, ProcessIdentity][]) => list.map(([, identity]) => identity);
  return [identities(children.filter(isBroker)), identities(children.filter((child) => !isBroker(child)))];
}
