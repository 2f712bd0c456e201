import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { visit, type Visit } from "@similarfaces/load";
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
  /** Pairs of which one had its first answer about a face only after the last of the other's. */
  oneAfterTheOther: number;
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
    const report: CrowdReport = { alone: ofAlone(alone, bare), pairs: [], oneAfterTheOther: 0 };
    for (let turn = 0; turn < pairs; turn++) {
      const both = await Promise.all([send(mesh.url, photo), send(mesh.url, photo)]);
      const [earlier, later] = both.toSorted((a, b) => a.lastAnswer - b.lastAnswer) as [Visited, Visited];
      report.pairs.push({ earlier, later });
      if (later.firstAnswer > earlier.lastAnswer) report.oneAfterTheOther++;
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

interface Visited extends Moments {
  faces: number;
}

async function send(url: string, photo: Uint8Array<ArrayBuffer>): Promise<Visited> {
  const { faces, firstAttributeMs, allResultsMs, ...visited }: Visit = await visit(
    url,
    photo,
    "sse",
    performance.now(),
  );
  if (firstAttributeMs === undefined || allResultsMs === undefined) {
    throw new Error(`crowd-48mp: ${visited.outcome} ${visited.reason ?? ""}`);
  }
  return { faces, firstAnswer: firstAttributeMs, lastAnswer: allResultsMs };
}

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

function describe({ alone, pairs, oneAfterTheOther }: CrowdReport): void {
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
      `in ${oneAfterTheOther} one waited for the other's last face`,
  );
}
