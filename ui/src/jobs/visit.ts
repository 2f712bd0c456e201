import type { FailureJson } from "@similarfaces/contracts/job";
import { createEffect, createRoot } from "solid-js";
import { createStore, produce } from "solid-js/store";
import { uploadPhoto } from "../api/jobs";
import { ApiFailure, failureOf } from "../api/request";
import { about } from "../installation";
import { navigate, query, route } from "../router";
import { serverClock } from "../serverClock";
import { jobOf, whenGone } from "./createJob";
import { asJpeg } from "./heic";
import { HEAD_BYTES, UNREADABLE_HEIC, photoTypeOf, type Refusal } from "./photoCheck";
import { rest } from "./rest";
import { recallVisit, rememberVisit } from "./visitMemory";

/** Where a photo is on its way to being a job. */
export type Step =
  | { at: "queued" }
  | { at: "preparing" }
  | { at: "sending"; sentBytes: number; totalBytes: number }
  /** Not taken just now; sent again by itself. */
  | { at: "waiting"; failure: FailureJson }
  | { at: "refused"; refusal: Refusal }
  | { at: "sent"; jobId: string; uploadMs?: number };

/** A photo of this visit. */
export interface Shot {
  id: number;
  name: string;
  /** The visitor's own bytes; undefined after a reload, when the server's copy is shown. */
  preview?: string;
  /** When the visitor gave it, by the page's own clock (`performance.now()`); undefined after a reload. */
  givenAtMs?: number;
  step: Step;
}

const [visit, setVisit] = createStore<{ shots: Shot[] }>({ shots: [] });
export const shots = (): readonly Shot[] => visit.shots;

/** Photos whose job is not complete, at most: a pile of forty is sent as it is worked off. */
const UNDERWAY_MAX = 4;
const RETRY_MS = [1_000, 2_000, 4_000, 8_000];
/** Until the limits of the server are known; the same as its own (gateway/src/requests/limits.ts). */
const BYTES_MAX = 20 * 2 ** 20;

/** As they are sent; kept for as long as their photos are in the filmstrip: portraits are cut from them. */
const files = new Map<number, Blob>();
const aborts = new Map<number, AbortController>();
let lastId = 0;

for (const { jobId, name } of recallVisit()) add({ id: ++lastId, name, step: { at: "sent", jobId } });

whenGone((jobId) => {
  const shot = shotOfJob(jobId);
  if (shot) removeShot(shot.id);
});

/** Queues photos and shows the first of them. */
export function addPhotos(given: readonly File[]): void {
  const givenAtMs = performance.now();
  const ids = given.map((file) => {
    const id = ++lastId;
    files.set(id, file);
    add({ id, name: file.name, preview: URL.createObjectURL(file), givenAtMs, step: { at: "queued" } });
    return id;
  });
  if (ids[0] !== undefined) navigate(addressOf(ids[0]));
  sendNext();
}

/** Where a photo is shown. */
export function addressOf(id: number): string {
  const shot = shotOf(id);
  return shot?.step.at === "sent" ? `/jobs/${shot.step.jobId}` : `/?photo=${id}`;
}

/** Where a face of a job is shown, chosen: the largest without a word. */
export function addressOfFace(jobId: string, face: number): string {
  return face === 0 ? `/jobs/${jobId}` : `/jobs/${jobId}?face=${face}`;
}

/** The photo on screen, if it is one of this visit's. */
export function shownShot(): Shot | undefined {
  const here = route();
  if (here.page !== "analyse") return undefined;
  const { jobId } = here;
  if (jobId !== undefined) return shotOfJob(jobId);
  const id = query().get("photo");
  return id === null ? undefined : visit.shots.find((shot) => shot.id === Number(id));
}

export function shotOfJob(jobId: string): Shot | undefined {
  return visit.shots.find(({ step }) => step.at === "sent" && step.jobId === jobId);
}

/** The visitor's own bytes of a job's photo; undefined after a reload. */
export function fileOfJob(jobId: string): Blob | undefined {
  const shot = shotOfJob(jobId);
  return shot && files.get(shot.id);
}

/** Takes a photo out of the filmstrip, and its bytes out of this page. */
export function removeShot(id: number): void {
  const shot = shotOf(id);
  if (!shot) return;
  aborts.get(id)?.abort();
  files.delete(id);
  if (shot.preview) URL.revokeObjectURL(shot.preview);
  setVisit("shots", (all) => all.filter((other) => other.id !== id));
  remember();
}

function add(shot: Shot): void {
  setVisit(produce(({ shots }) => void shots.push(shot)));
}

function shotOf(id: number): Shot | undefined {
  return visit.shots.find((shot) => shot.id === id);
}

function setStep(id: number, step: Step): void {
  // Replaced, not merged: a step has its own fields only.
  setVisit(
    "shots",
    (shot) => shot.id === id,
    produce((shot) => void (shot.step = step)),
  );
}

function remember(): void {
  rememberVisit(
    visit.shots.flatMap(({ name, step }) => (step.at === "sent" ? [{ name, jobId: step.jobId }] : [])),
  );
}

function sendNext(): void {
  const underway = visit.shots.filter(({ step }) => isUnderway(step)).length;
  const queued = visit.shots.filter(({ step }) => step.at === "queued");
  for (const { id } of queued.slice(0, Math.max(0, UNDERWAY_MAX - underway))) void send(id);
}

function isUnderway(step: Step): boolean {
  if (step.at === "sent") return !hasEnded(step.jobId);
  return step.at === "preparing" || step.at === "sending" || step.at === "waiting";
}

async function send(id: number): Promise<void> {
  setStep(id, { at: "preparing" });
  const abort = new AbortController();
  aborts.set(id, abort);
  try {
    const photo = await prepare(id);
    if (photo) await upload(id, photo, abort.signal);
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    aborts.delete(id);
    sendNext();
  }
}

/** The bytes to send, or undefined where they are refused. */
async function prepare(id: number): Promise<Blob | undefined> {
  const shot = shotOf(id);
  const file = files.get(id);
  if (!shot || !file) return undefined;
  const head = await file
    .slice(0, HEAD_BYTES)
    .arrayBuffer()
    .then(
      (buffer) => new Uint8Array(buffer),
      () => undefined,
    );
  if (!head)
    return refuse(id, {
      title: `Can't open ${shot.name}.`,
      help: "It may have been moved or deleted.",
    });
  const type = photoTypeOf(shot.name, file.size, head, about()?.limits.bodyBytesMax ?? BYTES_MAX);
  if (type === "photo") return file;
  if (type !== "heic") return refuse(id, type);
  const jpeg = await asJpeg(file);
  if (!jpeg) return refuse(id, UNREADABLE_HEIC);
  files.set(id, jpeg);
  if (shot.preview) URL.revokeObjectURL(shot.preview);
  setVisit("shots", (other) => other.id === id, "preview", URL.createObjectURL(jpeg));
  return jpeg;
}

function refuse(id: number, refusal: Refusal): undefined {
  setStep(id, { at: "refused", refusal });
}

async function upload(id: number, photo: Blob, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    setStep(id, { at: "sending", sentBytes: 0, totalBytes: photo.size });
    const startedAtMs = Date.now();
    try {
      const job = await uploadPhoto(photo, {
        signal,
        onProgress: (sentBytes, totalBytes) => setStep(id, { at: "sending", sentBytes, totalBytes }),
      });
      serverClock.sent(startedAtMs, job.acceptedAtMs);
      serverClock.received(job.acceptedAtMs, Date.now());
      accepted(id, job.jobId, Date.now() - startedAtMs);
      return;
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      if (!error.retryable) {
        refuse(id, { title: `Can't use ${shotOf(id)?.name ?? "this photo"}.`, help: error.message });
        return;
      }
      setStep(id, { at: "waiting", failure: failureOf(error) });
      await rest(Math.max(error.retryAfterMs, RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]!), signal);
    }
  }
}

function accepted(id: number, jobId: string, uploadMs: number): void {
  const isShown = shownShot()?.id === id;
  setStep(id, { at: "sent", jobId, uploadMs });
  remember();
  sendNextWhenEnded(jobId);
  if (isShown) navigate(`/jobs/${jobId}`, { replace: true });
}

/** The job is watched from here on, on screen or not. */
function sendNextWhenEnded(jobId: string): void {
  createRoot((dispose) =>
    createEffect(() => {
      if (!hasEnded(jobId)) return;
      dispose();
      queueMicrotask(sendNext);
    }),
  );
}

function hasEnded(jobId: string): boolean {
  const { state, failure } = jobOf(jobId);
  return failure() !== undefined || state().state === "complete" || state().state === "deleted";
}
