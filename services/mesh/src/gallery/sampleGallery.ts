import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Gateway, GatewayFailure, type Gallery } from "@similarfaces/client";
import type { SupervisorConfig } from "../supervisor/config.js";
import { asNamed } from "./asNamed.js";
import { photoOfSource } from "./photoOfSource.js";
import { facesOf, modelsOutside, remakeFaces } from "./remakeFaces.js";
import { SampleMemory, type Progress } from "./sampleMemory.js";
import { untilSettled } from "./untilSettled.js";

export interface EnrolSamplesOptions {
  config: Pick<SupervisorConfig, "dataDir" | "modelsDir" | "stages" | "sampleGallery" | "apiKey">;
  url: string;
  signal: AbortSignal;
  /** There are faces to enrol, or to make anew. */
  onStart?(faces: number): void;
  /** To which the jobs shall belong, by W3C Trace Context: the services' logs name it, also before an answer is here. */
  traceparent?: string;
}

/** `<models>/samples/gallery/index.json`: composites of many people, so that each shows nobody. */
interface Sample {
  file: string;
  name: string;
}

const CONSENT = "Averaged from many people's photos: nobody's face.";
/** Few at a time: a visitor's photo goes between them. */
const AT_ONCE = 2;
const PAUSE_MS = 1_000;
const ATTEMPTS_MAX = 10;
/** A job of which nothing is stored any more: its photo is sent again. */
const GONE = ["job_not_found", "job_expired", "job_deleted"];
/** Another job of that photo has made them meanwhile: it is added to them. */
const MADE = "identity_exists";

/** Faces that this start has enrolled, or made anew with another embedder than the one before. */
export interface EnrolledSamples {
  enrolled: number;
  remade: number;
}

/**
 * Enrols the sample gallery through the gateway, once for a data folder and into an empty gallery, and makes its faces anew once the embedder
 * in use cannot compare them any more; goes on where an earlier start was interrupted. What somebody deletes stays deleted.
 * @returns nothing in either where there was nothing to do, or the signal came
 */
export async function enrolSamples(options: EnrolSamplesOptions): Promise<EnrolledSamples> {
  const { config, url, signal, traceparent } = options;
  const nothing = { enrolled: 0, remade: 0 };
  if (!config.sampleGallery || config.stages?.includes("enrol") === false) return nothing;
  const memory = new SampleMemory(join(config.dataDir, "sample-gallery.json"));
  const progress = await memory.read();
  const gateway = new Gateway({
    url,
    apiKey: config.apiKey,
    signal,
    ...(traceparent ? { headers: { traceparent } } : {}),
  });
  const statistics = await persistently(signal, () => gateway.gallery.statistics());
  if (!statistics) return nothing;
  const { model, faces } = statistics;
  if (progress.complete && progress.model === model) return nothing;
  const complete: Progress = { begun: true, complete: true, jobs: {}, done: [], model };
  if (!progress.begun && faces > 0) {
    await memory.write(complete);
    return nothing;
  }
  const folder = join(config.modelsDir, "samples/gallery");
  const samples = JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as Sample[];
  const sampleGallery = { gateway, folder, samples, signal, onStart: options.onStart ?? (() => {}) };
  const enrolled = progress.complete ? 0 : await enrolMissing(sampleGallery, progress, memory);
  if (signal.aborted) return nothing;
  const remade = await remakeOld(sampleGallery);
  if (signal.aborted) return nothing;
  await memory.write(complete);
  return { enrolled, remade };
}

interface SampleGallery {
  gateway: Gateway;
  folder: string;
  samples: readonly Sample[];
  signal: AbortSignal;
  onStart(faces: number): void;
}

/** @returns how many were enrolled now */
async function enrolMissing(
  { gateway, folder, samples, signal, onStart }: SampleGallery,
  progress: Progress,
  memory: SampleMemory,
): Promise<number> {
  const { gallery } = gateway;
  const resumed = progress.begun;
  progress.begun = true;
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
  onStart(waiting.length);
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
  return progress.done.length - before;
}

/**
 * Makes the samples of another embedder anew, from the photos of this installation. Which of them are left is read from the gallery each time.
 * @returns how many
 */
async function remakeOld({ gateway, folder, samples, signal, onStart }: SampleGallery): Promise<number> {
  const files = new Set(samples.map(({ file }) => file));
  const photoOf = await photoOfSource(folder);
  let remade = 0;
  await persistently(signal, async () => {
    const outside = await modelsOutside(gateway);
    const old = (await facesOf(gateway, outside)).filter(
      ({ identity, face }) => identity.consent === CONSENT && files.has(face.source ?? ""),
    );
    if (old.length === 0) return;
    onStart(old.length);
    // An interrupted start may have some on their way.
    await untilSettled(gateway, signal);
    let passing: GatewayFailure | undefined;
    await remakeFaces({
      gateway,
      faces: old,
      outside,
      photoOf,
      inFlight: AT_ONCE,
      onFace(_, outcome) {
        if (outcome.kind !== "refused") remade++;
        else if (outcome.retryable) passing = new GatewayFailure("answer", outcome);
      },
    });
    if (passing) throw passing;
  });
  return remade;
}

async function isEnrolled(gallery: Gallery, name: string, file: string): Promise<boolean> {
  for await (const identity of gallery.identities(name)) {
    if (identity.name === name && identity.faces.some(({ source }) => source === file)) return true;
  }
  return false;
}

async function submit(gallery: Gallery, { file, name }: Sample, folder: string): Promise<string> {
  const photo = new Uint8Array(await readFile(join(folder, file)));
  const face = { photo, fileName: file, consent: CONSENT };
  const { jobId } = await asNamed(gallery, name, (as) => gallery.enrol({ ...face, as }));
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
  return [...GONE, MADE].includes(error.code) || error.retryable || error.source === "connection";
}
