import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Gateway, GatewayFailure, type Gallery } from "@similarfaces/client";
import type { SupervisorConfig } from "../supervisor/config.js";

export interface EnrolSamplesOptions {
  config: Pick<SupervisorConfig, "dataDir" | "modelsDir" | "stages" | "sampleGallery" | "apiKey">;
  url: string;
  signal: AbortSignal;
  /** There are faces to enrol. */
  onStart?(faces: number): void;
  /** To which the jobs shall belong, by W3C Trace Context: the services' logs name it, also before an answer is here. */
  traceparent?: string;
}

/** `<models>/samples/gallery/index.json`: composites of many people, so that each shows nobody. */
interface Sample {
  file: string;
  name: string;
}

/** `<data>/sample-gallery.json`: what has been enrolled, by file, and what is on its way, by job. */
interface Progress {
  /** The gallery was empty when the first was enrolled. */
  begun: boolean;
  complete: boolean;
  jobs: Record<string, string>;
  done: string[];
}

const CONSENT = "Averaged from many people's photos: nobody's face.";
/** Few at a time: a visitor's photo goes between them. */
const AT_ONCE = 2;
const PAUSE_MS = 1_000;
/** A job's own deadline, and a little. */
const SETTLE_MS_MAX = 65_000;
const ATTEMPTS_MAX = 10;
/** A job of which nothing is stored any more: its photo is sent again. */
const GONE = ["job_not_found", "job_expired", "job_deleted"];

/**
 * Enrols the sample gallery through the gateway, once for a data folder and into an empty gallery; goes on where an earlier start
 * was interrupted. What somebody deletes later stays deleted.
 * @returns how many faces were enrolled now; 0 where there was nothing to do, or the signal came
 */
export async function enrolSamples(options: EnrolSamplesOptions): Promise<number> {
  const { config, url, signal, traceparent } = options;
  if (!config.sampleGallery || config.stages?.includes("enrol") === false) return 0;
  const memory = new Memory(join(config.dataDir, "sample-gallery.json"));
  const progress = await memory.read();
  if (progress.complete) return 0;
  const gateway = new Gateway({
    url,
    apiKey: config.apiKey,
    signal,
    ...(traceparent ? { headers: { traceparent } } : {}),
  });
  const { gallery } = gateway;
  const resumed = progress.begun;
  if (!progress.begun) {
    const statistics = await persistently(signal, () => gallery.statistics());
    if (statistics?.faces !== 0) {
      if (!signal.aborted) await memory.write({ ...progress, begun: true, complete: true });
      return 0;
    }
    progress.begun = true;
  }
  const folder = join(config.modelsDir, "samples/gallery");
  const samples = JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as Sample[];
  const waiting = samples.filter(({ file }) => !progress.done.includes(file));
  // Accepted and not yet written down when the earlier start ended: of the next few, whatever was on its way has arrived by now.
  if (resumed) {
    await untilSettled(gateway, signal);
    for (const { file, name } of waiting.slice(0, AT_ONCE)) {
      if (progress.jobs[file] !== undefined) continue;
      if (await persistently(signal, () => isEnrolled(gallery, name, file))) progress.done.push(file);
    }
    waiting.splice(0, waiting.length, ...samples.filter(({ file }) => !progress.done.includes(file)));
  }
  options.onStart?.(waiting.length);
  const lane = async () => {
    for (let sample = waiting.shift(); sample && !signal.aborted; sample = waiting.shift()) {
      const { file } = sample;
      await persistently(signal, async () => {
        const jobId = (progress.jobs[file] ??= await submit(gallery, sample, folder));
        // Before the wait: an interrupted start must find the job again, not enrol the face twice.
        await memory.write(progress);
        await gallery.enrolled(jobId).catch((error: unknown) => {
          // The gateway stayed away, and the job may be done all the same: it is followed again.
          if (error instanceof GatewayFailure && error.source !== "connection") delete progress.jobs[file];
          throw error;
        });
        delete progress.jobs[file];
        progress.done.push(file);
        await memory.write(progress);
      });
    }
  };
  const before = progress.done.length;
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  if (signal.aborted) return 0;
  await memory.write({ begun: true, complete: true, jobs: {}, done: [] });
  return progress.done.length - before;
}

/** Nothing is waiting and nothing in work, twice in a row; or the time is over that any job has. */
async function untilSettled(gateway: Gateway, signal: AbortSignal): Promise<void> {
  const deadlineAtMs = Date.now() + SETTLE_MS_MAX;
  for (let idle = 0; idle < 2 && Date.now() < deadlineAtMs && !signal.aborted;) {
    const status = await gateway.status().catch(() => undefined);
    const busy = status?.stages.some(({ waiting, inFlight }) => waiting + inFlight > 0) ?? true;
    idle = busy ? 0 : idle + 1;
    // The gateway looks once a second.
    await new Promise((resolve) => setTimeout(resolve, 1.2 * PAUSE_MS));
  }
}

async function isEnrolled(gallery: Gallery, name: string, file: string): Promise<boolean> {
  for await (const identity of gallery.identities(name)) {
    if (identity.name === name && identity.faces.some(({ source }) => source === file)) return true;
  }
  return false;
}

async function submit(gallery: Gallery, { file, name }: Sample, folder: string): Promise<string> {
  const photo = new Uint8Array(await readFile(join(folder, file)));
  const { jobId } = await gallery.enrol({ photo, fileName: file, consent: CONSENT, as: { name } });
  return jobId;
}

/** Again and again while the mesh is restarting or full. Undefined once the signal came. */
async function persistently<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T | undefined> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!isWorthAnother(error) || failures >= ATTEMPTS_MAX) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/** Also after a cut connection, where the client itself does not repeat an enrolment. */
function isWorthAnother(error: unknown): boolean {
  if (!(error instanceof GatewayFailure)) return false;
  return error.retryable || error.source === "connection" || GONE.includes(error.code);
}

/** The file of a Progress. */
class Memory {
  readonly #file: string;
  #writing = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  async read(): Promise<Progress> {
    try {
      return JSON.parse(await readFile(this.#file, "utf8")) as Progress;
    } catch {
      return { begun: false, complete: false, jobs: {}, done: [] };
    }
  }

  /** In one step, and one after the other. */
  write(progress: Progress): Promise<void> {
    const text = JSON.stringify(progress);
    return (this.#writing = this.#writing.then(async () => {
      await writeFile(`${this.#file}.new`, text);
      await rename(`${this.#file}.new`, this.#file);
    }));
  }
}
