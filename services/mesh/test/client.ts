import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { FailureJson, JobState, ResultEvent } from "@similarfaces/contracts";
import { followEvents } from "../src/followEvents.js";

/** What became of a photo, as a viewer saw it who came back whenever the connection was cut. */
export interface Seen {
  jobId: string;
  /** In order, `complete` left out. */
  events: ResultEvent[];
  completion: { state: string; faces: number; expired: unknown[] };
}

export type SampleName = "portrait-1" | "group-4" | "group-18" | "crowd-48mp" | "closeup" | "nobody";

export function sample(name: SampleName): Promise<Buffer> {
  return readFile(fileURLToPath(new URL(`../../../models/samples/photos/${name}.jpg`, import.meta.url)));
}

/** The id of the job that the photo has become. */
export async function submit(url: string, photo: Uint8Array, query = ""): Promise<string> {
  const response = await fetch(`${url}/v1/jobs${query}`, { method: "POST", body: new Uint8Array(photo) });
  if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`);
  return ((await response.json()) as { jobId: string }).jobId;
}

/** Follows a job to its end. `url` is asked before each connection: a mesh may come back elsewhere. */
export async function follow(
  url: string,
  jobId: string,
  onEvent: (event: ResultEvent) => void = () => {},
): Promise<Seen> {
  const events: ResultEvent[] = [];
  for await (const { event, data } of followEvents(new URL(`/v1/jobs/${jobId}/events`, url))) {
    if (event === "failure") throw new Error(data);
    if (event === "complete") return { jobId, events, completion: JSON.parse(data) as Seen["completion"] };
    const result = JSON.parse(data) as ResultEvent;
    events.push(result);
    onEvent(result);
  }
  throw new Error("the stream ended without complete");
}

export async function analyse(url: string, photo: Uint8Array, query = ""): Promise<Seen> {
  return follow(url, await submit(url, photo, query));
}

/** The job as the gateway says it is now. */
export async function snapshot(url: string, jobId: string): Promise<JobState> {
  return (await (await fetch(`${url}/v1/jobs/${jobId}`)).json()) as JobState;
}

/** "stage" or "stage.face" of every result, sorted: what was answered, however often. */
export function answered({ events }: Seen): string[] {
  return events.map(({ stage, face }) => (face === undefined ? stage : `${stage}.${face}`)).sort();
}

/** What `answered` is of a job with that many faces of which everything is known. */
export function allAnswers(faces: number): string[] {
  const perFace = ["embed", "age", "gender", "race", "emotion", "match"];
  const ofFaces = Array.from({ length: faces }, (_, face) => perFace.map((stage) => `${stage}.${face}`));
  return ["accepted", "extract", ...ofFaces.flat()].sort();
}

export function failuresOf({ events }: Seen): FailureJson[] {
  return events.flatMap(({ failure }) => (failure ? [failure] : []));
}
