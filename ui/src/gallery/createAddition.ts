import { onCleanup } from "solid-js";
import { createStore, produce } from "solid-js/store";
import { announce } from "../announce";
import type { Enrolment, FaceOfJob } from "../api/gallery";
import type { FacePhoto } from "../portraits/facePhoto";
import { enrolFaceOfJob, enrolFile, photoDigestOfFile, type EnrolOptions, type Progress } from "./enrol";
import { Refused, warningWords } from "./refusals";

export type Step =
  | { at: "chosen" }
  | Progress
  | { at: "added"; faceId: string; warning: string }
  /** `choice` is the job of a photo with several faces, one of which can be taken. */
  | { at: "refused"; title: string; help: string; isRetryable: boolean; choice?: string };

/** A photo that was chosen, or the face of a job. */
export interface Candidate {
  id: number;
  /** What the person calls it. */
  source: string;
  /** Of a photo: its address. */
  preview?: string;
  /** Of a photo whose faces are known: what the first is cut from. */
  found?: FacePhoto;
  /** Of a job's face: which. */
  ofJob?: FaceOfJob;
  step: Step;
}

/** A face of a job, and its photo where that was sent from here. */
interface ChosenFace extends FaceOfJob {
  photo?: File;
}

/** Photos on their way at once, after the first has made the person. */
const IN_FLIGHT_MAX = 3;
const ATTEMPTS = 5;

/** One person and the photos that are to be added: which are chosen, and how far each is. */
export function createAddition() {
  const [state, setState] = createStore<{
    candidates: Candidate[];
    /** The person, once there is one in the gallery. */
    person: { id: string; name: string } | undefined;
    isRunning: boolean;
  }>({ candidates: [], person: undefined, isRunning: false });
  const sources = new Map<number, File | ChosenFace>();
  const abort = new AbortController();
  let lastId = 0;
  onCleanup(() => {
    abort.abort(new Refused("stopped", "Left.", "", true));
    for (const { preview } of state.candidates) if (preview) URL.revokeObjectURL(preview);
  });

  return { state, choose, chooseFace, chooseAmong, take, run, forget, startAt: setPerson };

  function choose(files: readonly File[]): void {
    for (const file of files) add(file, { source: file.name, preview: URL.createObjectURL(file) });
  }

  function chooseFace(ofJob: FaceOfJob): void {
    add(ofJob, { source: "the chosen face", ofJob });
  }

  /** Of a photo with several faces, the one that is meant. */
  function chooseAmong(id: number, jobId: string, face: number): void {
    const before = sources.get(id);
    const photo = before instanceof File ? before : before?.photo;
    const ofJob = { jobId, face, source: nameOf(id) };
    sources.set(id, photo ? { ...ofJob, photo } : ofJob);
    setState("candidates", (known) => known.id === id, { ofJob });
    move(id, { at: "chosen" });
  }

  function add(source: File | FaceOfJob, shown: Pick<Candidate, "source" | "preview" | "ofJob">): void {
    const id = ++lastId;
    sources.set(id, source);
    setState("candidates", state.candidates.length, { ...shown, id, step: { at: "chosen" } });
  }

  /** Takes a photo out again, before it is sent or after it was refused. */
  function take(id: number): void {
    const candidate = state.candidates.find((known) => known.id === id);
    if (candidate?.preview) URL.revokeObjectURL(candidate.preview);
    sources.delete(id);
    setState("candidates", (all) => all.filter((known) => known.id !== id));
  }

  function setPerson(person: { id: string; name: string }): void {
    setState("person", person);
  }

  /** Adds what is chosen and what may succeed another time. The first that succeeds makes the person. */
  async function run(enrollee: Enrolment): Promise<void> {
    setState("isRunning", true);
    const open = state.candidates.filter(({ step }) => step.at === "chosen" || isRetryable(step));
    const queue = open.map(({ id }) => id);
    for (const id of queue) move(id, { at: "chosen" });
    while (queue.length > 0 && !state.person) await enrolOne(queue.shift()!, enrollee);
    const workers = Array.from({ length: IN_FLIGHT_MAX }, async () => {
      while (queue.length > 0) await enrolOne(queue.shift()!, enrollee);
    });
    await Promise.all(workers);
    setState("isRunning", false);
  }

  async function enrolOne(id: number, enrollee: Enrolment): Promise<void> {
    const source = sources.get(id);
    if (!source || abort.signal.aborted) return;
    const options: EnrolOptions = {
      signal: abort.signal,
      attempts: ATTEMPTS,
      onProgress(step) {
        if (step.at === "measuring") setState("candidates", (known) => known.id === id, "found", step.found);
        move(id, step);
      },
    };
    const identityId = state.person?.id;
    try {
      const enrolled =
        source instanceof File
          ? await enrolFile(source, source.name, enrollee, identityId, options)
          : await enrolFaceOfJob(await withDigest(source), enrollee, identityId, options);
      setPerson({ id: enrolled.identityId, name: enrolled.name });
      const warning = warningWords(enrolled.warnings);
      move(id, { at: "added", faceId: enrolled.faceId, warning });
      if (warning) announce(`${nameOf(id)}: ${warning}`);
    } catch (error) {
      if (abort.signal.aborted) return;
      if (!(error instanceof Refused)) throw error;
      const { title, help, jobId } = error;
      // The visitor may say meanwhile that it is somebody else.
      const isRetryable = error.retryable || error.code === "identity_exists";
      const choice = error.code === "several_faces" && jobId ? { choice: jobId } : {};
      move(id, { at: "refused", title, help, isRetryable, ...choice });
      announce(`${nameOf(id)}: ${error.title} ${error.help}`);
    }
  }

  /** After its face was deleted again. */
  function forget(id: number): void {
    move(id, { at: "refused", title: "Removed.", help: "", isRetryable: false });
  }

  function move(id: number, step: Step): void {
    setState(
      "candidates",
      (known) => known.id === id,
      produce((known) => {
        known.step = step;
      }),
    );
  }

  function nameOf(id: number): string {
    return state.candidates.find((known) => known.id === id)?.source ?? "";
  }
}

function isRetryable(step: Step): boolean {
  return step.at === "refused" && step.isRetryable;
}

/** Without it, the same photo is sent once more when it comes again. */
async function withDigest({ photo, ...face }: ChosenFace): Promise<FaceOfJob> {
  const photoDigest = photo && (await photoDigestOfFile(photo, photo.name).catch(() => ""));
  return photoDigest ? { ...face, photoDigest } : face;
}
