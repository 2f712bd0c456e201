import { onCleanup } from "solid-js";
import { createStore, produce } from "solid-js/store";
import { announce } from "../announce";
import { type Enrolment } from "../api/gallery";
import { enrolFaceOfJob, enrolFile, type EnrolOptions, type Progress } from "./enrol";
import { Refused, warningWords } from "./refusals";

export type Step =
  | { at: "chosen" }
  | Progress
  | { at: "added"; faceId: string; warning: string }
  | { at: "refused"; title: string; help: string; isRetryable: boolean };

/** A photo that was chosen, or the face of a job. */
export interface Candidate {
  id: number;
  /** What the person calls it. */
  source: string;
  preview: string;
  /** The job that looks for the face, once there is one. */
  jobId?: string;
  step: Step;
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
  const sources = new Map<number, File | { jobId: string; face: number }>();
  const abort = new AbortController();
  let lastId = 0;
  onCleanup(() => {
    abort.abort(new Refused("stopped", "Left.", "", true));
    for (const { id, preview } of state.candidates)
      if (sources.get(id) instanceof File) URL.revokeObjectURL(preview);
  });

  return { state, choose, chooseFace, take, run, forget, startAt: setPerson };

  function choose(files: readonly File[]): void {
    for (const file of files) add(file, file.name, URL.createObjectURL(file));
  }

  function chooseFace(jobId: string, face: number, preview: string): void {
    add({ jobId, face }, `face ${face + 1} of an analysis`, preview);
  }

  function add(source: File | { jobId: string; face: number }, name: string, preview: string): void {
    const id = ++lastId;
    sources.set(id, source);
    setState("candidates", state.candidates.length, { id, source: name, preview, step: { at: "chosen" } });
  }

  /** Takes a photo out again, before it is sent or after it was refused. */
  function take(id: number): void {
    const candidate = state.candidates.find((known) => known.id === id);
    if (candidate && sources.get(id) instanceof File) URL.revokeObjectURL(candidate.preview);
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
        if ("jobId" in step) setState("candidates", (known) => known.id === id, "jobId", step.jobId);
        move(id, step);
      },
    };
    const identityId = state.person?.id;
    try {
      const enrolled =
        source instanceof File
          ? await enrolFile(source, source.name, enrollee, identityId, options)
          : await enrolFaceOfJob(source, enrollee, identityId, options);
      setPerson({ id: enrolled.identityId, name: enrolled.name });
      const warning = warningWords(enrolled.warnings);
      move(id, { at: "added", faceId: enrolled.faceId, warning });
      if (warning) announce(`${nameOf(id)}: ${warning}`);
    } catch (error) {
      if (abort.signal.aborted) return;
      if (!(error instanceof Refused)) throw error;
      move(id, { at: "refused", title: error.title, help: error.help, isRetryable: error.retryable });
      announce(`${nameOf(id)}: ${error.title} ${error.help}`);
    }
  }

  /** After its face was deleted again. */
  function forget(id: number): void {
    move(id, { at: "refused", title: "Removed again.", help: "", isRetryable: false });
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
