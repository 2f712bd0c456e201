import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MeshConfig } from "./config.js";
import { readEvents } from "./eventStream.js";

export interface EnrolSamplesOptions {
  config: Pick<MeshConfig, "dataDir" | "modelsDir" | "stages" | "sampleGallery" | "apiKey">;
  url: string;
  signal: AbortSignal;
  /** There are faces to enrol. */
  onStart?(faces: number): void;
  /** An enrolment was accepted as this job. */
  onJob?(jobId: string): void;
}

/** `<models>/samples/gallery/index.json`: composites of many people, so that each shows nobody. */
interface Sample {
  file: string;
  name: string;
}

/** `<data>/sample-gallery.json`: what has been enrolled, by file, and what is on its way, by job. */
interface Progress {
  complete: boolean;
  jobs: Record<string, string>;
  done: string[];
}

const CONSENT = "Averaged from many people's photos: nobody's face.";
/** Few at a time: a visitor's photo goes between them. */
const AT_ONCE = 2;
const PAUSE_MS = 1_000;

/**
 * Enrols the sample gallery through the gateway, once for a data folder; goes on where an earlier start was interrupted.
 * What somebody deletes later stays deleted.
 * @returns how many faces were enrolled now; 0 where all was done before, or the signal came
 */
export async function enrolSamples(options: EnrolSamplesOptions): Promise<number> {
  const { config, signal } = options;
  if (!config.sampleGallery || !config.stages.includes("enrol")) return 0;
  const file = join(config.dataDir, "sample-gallery.json");
  const progress = await readProgress(file);
  if (progress.complete) return 0;
  const folder = join(config.modelsDir, "samples/gallery");
  const samples = JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as Sample[];
  const known = new Set(progress.done);
  const waiting = samples.filter((sample) => !known.has(sample.file));
  options.onStart?.(waiting.length);
  let enrolled = 0;
  const lane = async () => {
    for (let sample = waiting.shift(); sample && !signal.aborted; sample = waiting.shift()) {
      await persistently(signal, () => enrolSample(options, folder, sample!, progress, file));
      enrolled++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  if (signal.aborted) return 0;
  await writeProgress(file, { complete: true, jobs: {}, done: [] });
  return enrolled;
}

async function enrolSample(
  options: EnrolSamplesOptions,
  folder: string,
  { file, name }: Sample,
  progress: Progress,
  progressFile: string,
): Promise<void> {
  const earlier = progress.jobs[file];
  const jobId = earlier ?? (await submit(options, name, file, await readFile(join(folder, file))));
  options.onJob?.(jobId);
  // Before the wait: an interrupted start must find the job again, not enrol the face twice.
  progress.jobs[file] = jobId;
  await writeProgress(progressFile, progress);
  const ended = await outcomeOf(options, jobId);
  delete progress.jobs[file];
  if (ended === "lost") throw new Error(`job ${jobId} is gone`);
  progress.done.push(file);
  await writeProgress(progressFile, progress);
}

async function submit(
  { url, signal, config: { apiKey } }: EnrolSamplesOptions,
  name: string,
  file: string,
  photo: Uint8Array,
): Promise<string> {
  const form = new FormData();
  form.set("name", name);
  form.set("consent", CONSENT);
  form.set("photo", new Blob([Uint8Array.from(photo)], { type: "image/jpeg" }), file);
  const response = await fetch(`${url}/v1/gallery/identities`, {
    method: "POST",
    body: form,
    headers: authorization(apiKey),
    signal,
  });
  if (response.status !== 202) throw new Error(`the gateway answered ${response.status}`);
  const { jobs } = (await response.json()) as { jobs: { jobId: string }[] };
  return jobs[0]!.jobId;
}

/** `lost` where the job has expired, or ended without an answer. */
async function outcomeOf(
  { url, signal, config: { apiKey } }: EnrolSamplesOptions,
  jobId: string,
): Promise<"enrolled" | "lost"> {
  const response = await fetch(`${url}/v1/jobs/${jobId}/events`, { headers: authorization(apiKey), signal });
  if (response.status === 404 || response.status === 410) return "lost";
  if (!response.ok || !response.body) throw new Error(`the gateway answered ${response.status}`);
  for await (const { event, data } of readEvents(response.body)) {
    if (event === "enrol") return (JSON.parse(data) as { failure?: unknown }).failure ? "lost" : "enrolled";
    if (event === "complete") return "lost";
  }
  throw new Error("the gateway ended the stream");
}

function authorization(apiKey: string | undefined): Record<string, string> {
  return apiKey ? { authorization: `Bearer ${apiKey}` } : {};
}

/** Again and again while the mesh is restarting or full; a fault that stays is given up on. */
async function persistently(signal: AbortSignal, attempt: () => Promise<void>): Promise<void> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) return;
      if (failures >= 30) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

async function readProgress(file: string): Promise<Progress> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Progress;
  } catch {
    return { complete: false, jobs: {}, done: [] };
  }
}

let writing = Promise.resolve();

/** In one step, one after the other. */
function writeProgress(file: string, progress: Progress): Promise<void> {
  const text = JSON.stringify(progress);
  return (writing = writing.then(async () => {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  }));
}
