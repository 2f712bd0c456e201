import { availableParallelism } from "node:os";
import { dealFrom, usageOf, type MixPhoto } from "@similarfaces/load";
import { ProgressBar } from "@similarfaces/mesh";
import { startMeshUnderTest } from "./meshUnderTest.js";
import { isSloping, slopeOf, type Sample, type Slope } from "./soakFit.js";
import { analyseUnread } from "./analyseUnread.js";

export interface SoakOptions {
  photos: number;
  mix: readonly MixPhoto[];
  processes: boolean;
}

export interface SoakReport {
  photos: number;
  elapsedMs: number;
  /** By process: resident memory at the end, and how it changed after the warm-up. */
  memory: Record<string, { residentKib: number; slope?: Slope; restarts: number }>;
}

const IN_FLIGHT_PER_CORE = 4;
const SAMPLE_EVERY_MS = 500;
/** Shorter than usual: memory grows until the first jobs expire, and that is no leak. */
const JOB_TTL_MS = "120000";
/** Heaps and caches grow to their working size first; this share of the photos is left out. */
const WARM_UP = 0.25;

/** Many photos, a bounded number at once, and what each process holds of memory meanwhile. Prints as it goes. */
export async function benchSoak({ photos, mix, processes }: SoakOptions): Promise<SoakReport> {
  const mesh = await startMeshUnderTest({ SAMPLE_GALLERY: "false", JOB_TTL_MS }, { processes });
  const watch = new MemoryWatch();
  const deal = dealFrom(mix);
  const bar = new ProgressBar("photos", photos);
  const startedAtMs = performance.now();
  let sent = 0;
  let done = 0;
  const sampling = setInterval(() => watch.sample(mesh.children(), done), SAMPLE_EVERY_MS);
  const lane = async () => {
    while (sent < photos) {
      sent++;
      await analyseUnread(mesh.url, deal().bytes);
      done++;
      bar.advance();
    }
  };
  try {
    await Promise.all(Array.from({ length: IN_FLIGHT_PER_CORE * availableParallelism() }, lane));
  } finally {
    clearInterval(sampling);
    bar.end();
    await mesh.stop();
  }
  const report = {
    photos,
    elapsedMs: performance.now() - startedAtMs,
    memory: watch.summary(WARM_UP * photos),
  };
  for (const [name, { residentKib, slope, restarts }] of Object.entries(report.memory)) {
    const mib = `${name.padEnd(12)} ${(residentKib / 1_024).toFixed(0).padStart(6)} MiB`;
    console.log([mib, slope ? inWords(slope) : "too few samples for a slope", ...again(restarts)].join("; "));
  }
  return report;
}

function inWords(slope: Slope): string {
  const { kibPerThousandPhotos, halfWidth, blocks } = slope;
  const [low, high] = [kibPerThousandPhotos - halfWidth, kibPerThousandPhotos + halfWidth].map((kib) =>
    kib.toFixed(1),
  );
  const figures = `${kibPerThousandPhotos.toFixed(1)} KiB per 1,000 photos (95 %: ${low} to ${high}, ${blocks} blocks)`;
  if (!isSloping(slope)) return `${figures}: flat within the interval`;
  return `${figures}: ${kibPerThousandPhotos > 0 ? "GROWS" : "shrinks"}, 0 is not in the interval`;
}

function again(restarts: number): string[] {
  return restarts > 0 ? [`started again ${restarts} times: the slope is of the last one`] : [];
}

/** The memory of each process over time; where one was started again, of the last one. */
class MemoryWatch {
  readonly #processes = new Map<string, { pid: number; restarts: number; samples: Sample[] }>();

  sample(children: Readonly<Record<string, { pid: number }>>, photos: number): void {
    for (const [name, { pid }] of Object.entries(children)) {
      const kib = usageOf([pid]).residentBytes / 1_024;
      // It has ended.
      if (kib === 0) continue;
      const known = this.#processes.get(name);
      if (known?.pid === pid) known.samples.push({ photos, kib });
      else {
        const restarts = known ? known.restarts + 1 : 0;
        this.#processes.set(name, { pid, restarts, samples: [{ photos, kib }] });
      }
    }
  }

  summary(afterPhotos: number): SoakReport["memory"] {
    return Object.fromEntries(
      [...this.#processes].map(([name, { restarts, samples }]) => {
        const slope = slopeOf(samples.filter(({ photos }) => photos >= afterPhotos));
        return [name, { residentKib: samples.at(-1)!.kib, restarts, ...(slope ? { slope } : {}) }];
      }),
    );
  }
}
