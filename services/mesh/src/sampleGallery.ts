import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FailureJson, ResultEvent } from "@similarfaces/contracts/job";
import type { MeshConfig } from "./config.js";
import { StreamLost, followEvents } from "./followEvents.js";

export interface EnrolSamplesOptions {
  config: Pick<MeshConfig, "dataDir" | "modelsDir" | "stages" | "sampleGallery" | "apiKey">;
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
const ATTEMPTS_MAX = 60;

/**
 * Enrols the sample gallery through the gateway, once for a data folder and into an empty gallery; goes on where an earlier start
 * was interrupted. What somebody deletes later stays deleted.
 * @returns how many faces were enrolled now; 0 where there was nothing to do, or the signal came
 */
export async function enrolSamples(options: EnrolSamplesOptions): Promise<number> {
  const { config, signal } = options;
  if (!config.sampleGallery || !config.stages.includes("enrol")) return 0;
  const memory = new Memory(join(config.dataDir, "sample-gallery.json"));
  const progress = await memory.read();
  if (progress.complete) return 0;
  const resumed = progress.begun;
  if (!progress.begun) {
    if ((await persistently(signal, () => facesInGallery(options))) !== 0) {
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
    await untilSettled(options);
    for (const { file, name } of waiting.slice(0, AT_ONCE)) {
      if (progress.jobs[file] !== undefined) continue;
      if (await persistently(signal, () => isEnrolled(options, name, file))) progress.done.push(file);
    }
    waiting.splice(0, waiting.length, ...samples.filter(({ file }) => !progress.done.includes(file)));
  }
  options.onStart?.(waiting.length);
  const lane = async () => {
    for (let sample = waiting.shift(); sample && !signal.aborted; sample = waiting.shift()) {
      const { file, name } = sample;
      await persistently(signal, async () => {
        const photo = () => readFile(join(folder, file));
        const jobId = (progress.jobs[file] ??= await submit(options, name, file, await photo()));
        // Before the wait: an interrupted start must find the job again, not enrol the face twice.
        await memory.write(progress);
        const failure = await failureOf(options, jobId);
        delete progress.jobs[file];
        if (failure) throw failure;
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

/** What trying again cannot mend. */
class Refused extends Error {
  override readonly name = "Refused";
}

async function facesInGallery({ url, signal, config: { apiKey } }: EnrolSamplesOptions): Promise<number> {
  const address = `${url}/v1/gallery/statistics`;
  const response = await fetch(address, { headers: authorization(apiKey), signal });
  if (!response.ok) throw new Error(`the gateway answered ${response.status}`);
  return ((await response.json()) as { faces: number }).faces;
}

/** Nothing is waiting and nothing in work, twice in a row; or the time is over that any job has. */
async function untilSettled({ url, signal, config: { apiKey } }: EnrolSamplesOptions): Promise<void> {
  const deadlineAtMs = Date.now() + SETTLE_MS_MAX;
  for (let idle = 0; idle < 2 && Date.now() < deadlineAtMs && !signal.aborted;) {
    const response = await fetch(`${url}/v1/status`, { headers: authorization(apiKey), signal }).catch(
      () => undefined,
    );
    const status = response?.ok ? ((await response.json()) as Status) : undefined;
    const busy = status?.stages.some(({ waiting, inFlight }) => waiting + inFlight > 0) ?? true;
    idle = busy ? 0 : idle + 1;
    // The gateway looks once a second.
    await new Promise((resolve) => setTimeout(resolve, 1.2 * PAUSE_MS));
  }
}

interface Status {
  stages: { waiting: number; inFlight: number }[];
}

async function isEnrolled(
  { url, signal, config: { apiKey } }: EnrolSamplesOptions,
  name: string,
  file: string,
): Promise<boolean> {
  const address = new URL("/v1/gallery/identities", url);
  address.searchParams.set("name", name);
  const response = await fetch(address, { headers: authorization(apiKey), signal });
  if (!response.ok) throw new Error(`the gateway answered ${response.status}`);
  const { identities } = (await response.json()) as {
    identities: { name: string; faces: { source: string }[] }[];
  };
  return identities.some(
    (identity) => identity.name === name && identity.faces.some(({ source }) => source === file),
  );
}

async function submit(
  { url, signal, traceparent, config: { apiKey } }: EnrolSamplesOptions,
  name: string,
  file: string,
  photo: Uint8Array,
): Promise<string> {
  const form = new FormData();
  form.set("name", name);
  form.set("consent", CONSENT);
  form.set("photo", new Blob([Uint8Array.from(photo)], { type: "image/jpeg" }), file);
  const address = `${url}/v1/gallery/identities`;
  const response = await fetch(address, {
    method: "POST",
    body: form,
    headers: { ...authorization(apiKey), ...(traceparent ? { traceparent } : {}) },
    signal,
  });
  if (response.status === 202) {
    const { photos } = (await response.json()) as { photos: { job: { jobId: string } }[] };
    return photos[0]!.job.jobId;
  }
  const { failure } = (await response.json().catch(() => ({}))) as { failure?: FailureJson };
  const problem = failure?.message ?? `the gateway answered ${response.status}`;
  throw failure && !failure.retryable ? new Refused(problem) : new Error(problem);
}

/** Undefined once the face is in the gallery. */
async function failureOf(
  { url, signal, config: { apiKey } }: EnrolSamplesOptions,
  jobId: string,
): Promise<Error | undefined> {
  const address = new URL(`/v1/jobs/${jobId}/events`, url);
  try {
    for await (const { data } of followEvents(address, { headers: authorization(apiKey), signal })) {
      const { stage, failure } = JSON.parse(data) as Partial<ResultEvent>;
      if (failure) return failure.retryable ? new Error(failure.message) : new Refused(failure.message);
      if (stage === "enrol") return undefined;
    }
  } catch (error) {
    if (!(error instanceof StreamLost && error.status)) throw error;
  }
  return new Error("the job ended without an answer");
}

function authorization(apiKey: string | undefined): Record<string, string> {
  return apiKey ? { authorization: `Bearer ${apiKey}` } : {};
}

/** Again and again while the mesh is restarting or full. Undefined once the signal came. */
async function persistently<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T | undefined> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) return undefined;
      if (error instanceof Refused || failures >= ATTEMPTS_MAX) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
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
