import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Gateway } from "@similarfaces/client";
import type { FailureJson, ResultEvent } from "@similarfaces/contracts";
import type { Completion, Job } from "@similarfaces/contracts/api";

/** What became of a photo, as a viewer saw it who came back whenever the connection was cut. */
export interface Seen {
  jobId: string;
  /** In order, `complete` left out. */
  events: ResultEvent[];
  completion: Completion;
}

export type SampleName =
  "portrait-1" | "portrait-2" | "group-4" | "group-18" | "crowd-48mp" | "closeup" | "nobody";

export function sample(name: SampleName): Promise<Buffer> {
  return readFile(fileURLToPath(new URL(`../../../models/samples/photos/${name}.jpg`, import.meta.url)));
}

/** The id of the job that the photo has become. */
export async function submit(url: string, photo: Uint8Array): Promise<string> {
  const { jobs } = new Gateway({ url, patienceMs: 0 });
  return (await jobs.send(new Uint8Array(photo))).jobId;
}

/** Follows a job to its end, over as many connections as it takes. */
export async function follow(
  url: string,
  jobId: string,
  onEvent: (event: ResultEvent) => void = () => {},
): Promise<Seen> {
  const events: ResultEvent[] = [];
  for await (const message of new Gateway({ url }).jobs.follow(jobId)) {
    if (message.type === "complete") return { jobId, events, completion: message };
    events.push(message.event);
    onEvent(message.event);
  }
  throw new Error("the stream ended without complete");
}

export async function analyse(url: string, photo: Uint8Array): Promise<Seen> {
  return follow(url, await submit(url, photo));
}

/** The job as the gateway says it is now. */
export function snapshot(url: string, jobId: string): Promise<Job> {
  return new Gateway({ url }).jobs.get(jobId);
}

/** "stage" or "stage.face" of every result, sorted: what was answered, however often. */
export function answered({ events }: Seen): string[] {
  return events.map(({ stage, face }) => (face === undefined ? stage : `${stage}.${face}`)).sort();
}

/** The analyzers of a mesh where nobody chooses: in one process, and in services of their own. */
export const ANALYZERS = ["attributes", "emotion"];
export const ANALYZERS_APART = ["age", "gender", "race", "emotion"];

/** What `answered` is of a job with that many faces of which everything is known. */
export function allAnswers(faces: number, analyzers: readonly string[] = ANALYZERS): string[] {
  const perFace = ["embed", ...analyzers, "match"];
  const ofFaces = Array.from({ length: faces }, (_, face) => perFace.map((stage) => `${stage}.${face}`));
  return ["accepted", "extract", ...ofFaces.flat()].sort();
}

export function failuresOf({ events }: Seen): FailureJson[] {
  return events.flatMap(({ failure }) => (failure ? [failure] : []));
}
