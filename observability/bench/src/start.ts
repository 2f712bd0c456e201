import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile, rm, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { guard } from "@similarfaces/mesh";
import { visit } from "@similarfaces/load";
import { median } from "./percentiles.js";

export interface StartOptions {
  modelsDir: string;
  starts: number;
}

/** Milliseconds since the command was given. */
interface Start {
  ready: number;
  /** Of a portrait that is sent at once: its faces, and its last answer. */
  faces: number;
  lastAnswer: number;
}

export interface StartReport {
  /** Into an empty data folder: streams are made. */
  first: Start;
  /** The starts after it, on the same folder. */
  starts: Start[];
  median: Start;
}

const BOOTSTRAP = fileURLToPath(new URL("../../../services/mesh/bootstrap/run.mjs", import.meta.url));
/** What the command prints when the mesh is ready. */
const READY = /similarfaces is at (\S+)/;

/**
 * `npm start` of a built tree, again and again on one data folder: when it says that it is ready, /readyz does so too, and when a photo that
 * is sent at that moment has its answers. The sample gallery is left out: it is enrolled once, after the first start.
 * @throws Error where a start ends before it is ready, or is not ready when it says so
 */
export async function benchStart({ modelsDir, starts: count }: StartOptions): Promise<StartReport> {
  const photo = new Uint8Array(await readFile(join(modelsDir, "samples/photos/portrait-1.jpg")));
  const dataDir = await mkdtemp(join(tmpdir(), "similarfaces-start-"));
  const guarding = guard({ dataDir });
  try {
    const first = await startOnce(dataDir, photo);
    console.log(`first start, streams are made: ${describe(first)}`);
    const starts: Start[] = [];
    while (starts.length < count) starts.push(await startOnce(dataDir, photo));
    const middle = (of: keyof Start) => median(starts.map((start) => start[of]));
    const usual = {
      ready: middle("ready"),
      faces: middle("faces"),
      lastAnswer: middle("lastAnswer"),
    };
    const all = starts.map(({ ready }) => (ready / 1_000).toFixed(2)).join(", ");
    console.log(`median of ${count} starts after it: ${describe(usual)}; ready after ${all} s`);
    return { first, starts, median: usual };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
    guarding.release();
  }
}

async function startOnce(dataDir: string, photo: Uint8Array<ArrayBuffer>): Promise<Start> {
  const env = { ...process.env, DATA_DIR: dataDir, PORT: "0", SAMPLE_GALLERY: "false" };
  const begun = performance.now();
  const command = spawn(process.execPath, [BOOTSTRAP, "start"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const url = await addressOf(command);
    const ready = performance.now() - begun;
    const { status } = await fetch(new URL("/readyz", url));
    if (status !== 200)
      throw new Error(`/readyz answers ${status} after the start has said that it is ready`);
    // Its times count from the command.
    const { outcome, firstBoxMs, allResultsMs } = await visit(url, photo, "sse", begun);
    if (firstBoxMs === undefined || allResultsMs === undefined) throw new Error(`the photo is ${outcome}`);
    return { ready, faces: firstBoxMs, lastAnswer: allResultsMs };
  } finally {
    if (command.exitCode === null) {
      const gone = once(command, "exit");
      command.kill("SIGTERM");
      await gone;
    }
  }
}

async function addressOf(command: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: command.stdout! })) {
    const url = READY.exec(line)?.[1];
    if (url === undefined) continue;
    // Whatever else it prints is not read.
    command.stdout!.resume();
    return url;
  }
  throw new Error("the start ended before it was ready");
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`;

function describe({ ready, faces, lastAnswer }: Start): string {
  return `ready after ${seconds(ready)}, a photo sent then has its faces after ${seconds(faces)} and its last answer after ${seconds(lastAnswer)}`;
}
