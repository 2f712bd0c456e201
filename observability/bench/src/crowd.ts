import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Gateway } from "@similarfaces/client";
import type { TimingsJson } from "@similarfaces/contracts";
import { ProgressBar } from "@similarfaces/mesh";
import { startBareProcess } from "./bare/bareProcess.js";
import { startMeshUnderTest } from "./meshUnderTest.js";
import { median, triple } from "./percentiles.js";

export interface CrowdOptions {
  modelsDir: string;
  /** Photos one at a time, each beside the bare loop. */
  photos: number;
  /** Of photos sent at once. */
  pairs: number;
}

/** Milliseconds since a photo was sent. */
interface Moments {
  firstAnswer: number;
  lastAnswer: number;
}

export interface CrowdReport {
  /** Of one photo at a time: medians, and all results in 1.25 x bare + 10 ms. */
  alone: Moments & { faces: number; bare: number; ofLimit: number };
  /** Of two at once, by when each was complete. */
  pairs: { earlier: Moments; later: Moments }[];
  /** Pairs of which one's photo or first face was begun only once the other's last face was answered. */
  waited: number;
}

/** A photo of 48 megapixels with 108 people: how long its last answer takes, and whether two at once are served side by side. */
export async function benchCrowd({ modelsDir, photos, pairs }: CrowdOptions): Promise<CrowdReport> {
  const photo = new Uint8Array(await readFile(join(modelsDir, "samples/photos", "crowd-48mp.jpg")));
  const bareLoop = await startBareProcess(process.env);
  const mesh = await startMeshUnderTest();
  const bar = new ProgressBar("crowds", photos + pairs);
  try {
    const bare: number[] = [];
    const alone: Visited[] = [];
    for (let turn = 0; turn < photos; turn++) {
      bare.push(await bareLoop.analyse(photo));
      alone.push(await send(mesh.url, photo));
      bar.advance();
    }
    const report: CrowdReport = { alone: ofAlone(alone, bare), pairs: [], waited: 0 };
    for (let turn = 0; turn < pairs; turn++) {
      const both = await Promise.all([send(mesh.url, photo), send(mesh.url, photo)]);
      const [earlier, later] = both.toSorted((a, b) => a.lastAnswer - b.lastAnswer) as [Visited, Visited];
      report.pairs.push({ earlier: momentsOf(earlier), later: momentsOf(later) });
      if (hasWaitedFor(earlier, later) || hasWaitedFor(later, earlier)) report.waited++;
      bar.advance();
    }
    bar.end();
    describe(report);
    return report;
  } finally {
    await mesh.stop();
    await bareLoop.close();
  }
}

/** What a photo's visitor saw, and by the mesh's clock when its work lay in a stream and was begun. */
interface Visited extends Moments {
  faces: number;
  /** Of the photo, and of its first face that was begun at all. */
  waits: { queuedAtMs: number; startedAtMs: number }[];
  lastFinishedAtMs: number;
}

/** @throws Error where not every face was answered */
async function send(url: string, photo: Uint8Array<ArrayBuffer>): Promise<Visited> {
  const sentAtMs = performance.now();
  const { jobs } = new Gateway({ url, patienceMs: 0 });
  const ofFaces: TimingsJson[] = [];
  const visited: Visited = { faces: 0, firstAnswer: 0, lastAnswer: 0, waits: [], lastFinishedAtMs: 0 };
  for await (const message of jobs.analyse(photo)) {
    if (message.type !== "result") continue;
    const { stage, face, timings, failure, extract } = message.event;
    if (failure) throw new Error(`crowd-48mp: ${stage} ${failure.code}`);
    visited.faces = extract?.faces.length ?? visited.faces;
    if (!timings) continue;
    if (stage === "extract") visited.waits.push(timings);
    if (face === undefined) continue;
    if (stage !== "embed") visited.firstAnswer ||= performance.now() - sentAtMs;
    visited.lastAnswer = performance.now() - sentAtMs;
    visited.lastFinishedAtMs = Math.max(visited.lastFinishedAtMs, timings.finishedAtMs);
    ofFaces.push(timings);
  }
  const [firstFace] = ofFaces.toSorted((a, b) => a.startedAtMs - b.startedAtMs);
  if (!firstFace) throw new Error("crowd-48mp: no face was answered");
  visited.waits.push(firstFace);
  return visited;
}

/** Whether anything of a photo lay in its stream while the other's last face was answered, and was begun only then. */
function hasWaitedFor(other: Visited, { waits }: Visited): boolean {
  const atMs = other.lastFinishedAtMs;
  return waits.some(({ queuedAtMs, startedAtMs }) => queuedAtMs < atMs && startedAtMs >= atMs);
}

const momentsOf = ({ firstAnswer, lastAnswer }: Moments): Moments => ({ firstAnswer, lastAnswer });

function ofAlone(alone: readonly Visited[], bareMs: readonly number[]): CrowdReport["alone"] {
  const lastAnswer = median(alone.map((visited) => visited.lastAnswer));
  const bare = median(bareMs);
  return {
    faces: alone[0]?.faces ?? 0,
    firstAnswer: median(alone.map((visited) => visited.firstAnswer)),
    lastAnswer,
    bare,
    ofLimit: lastAnswer / (1.25 * bare + 10),
  };
}

function describe({ alone, pairs, waited }: CrowdReport): void {
  console.log(
    `crowd-48mp, ${alone.faces} faces: first answer ${alone.firstAnswer.toFixed(0)} ms, last ${alone.lastAnswer.toFixed(0)} ms, ` +
      `the bare loop ${alone.bare.toFixed(0)} ms: ${alone.ofLimit.toFixed(2)} of 1.25 x bare + 10 ms`,
  );
  if (pairs.length === 0) return;
  const moments = (of: "earlier" | "later", name: keyof Moments) =>
    triple(pairs.map((pair) => pair[of][name]));
  console.log(
    `two at once, ${pairs.length} pairs, p50 / p90 / p99: whichever is complete first has its first answer after ${moments("earlier", "firstAnswer")} ms and its last after ` +
      `${moments("earlier", "lastAnswer")}, the other after ${moments("later", "firstAnswer")} and ${moments("later", "lastAnswer")}; ` +
      `in ${waited} one waited for the other's last face`,
  );
}
