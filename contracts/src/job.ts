/**
 * The job as its viewers see it, computed from results by a pure reducer. Gateway, page and command line all use
 * this one. It works on the JSON of results, so that the page needs no Protobuf runtime.
 *
 * Results may come in any order and more than once: reducing is idempotent, and a field once known never changes.
 */
import type {
  AcceptedJson,
  AnalysisJson,
  ExtractedJson,
  FaceJson,
  FailureJson,
  Outcomes,
  ResultEvent,
  TimingsJson,
  Verdict,
} from "./shapes.js";
import { cautionsOf, shownVerdict, type Caution } from "./cautions.js";
import {
  CORE_STAGES,
  isCoreStage,
  answersPerFace,
  rowOf,
  type CoreStage,
  type STAGE_TABLE,
  type StageName,
} from "./stages.js";

export { shownVerdict, type Caution, type FacePart } from "./cautions.js";
export type * from "./shapes.js";

export type Field<T> =
  | { state: "pending" }
  | { state: "done"; value: T; timings?: TimingsJson; model: string; attempt: number }
  | { state: "failed"; failure: FailureJson; timings?: TimingsJson }
  /** The deadline passed without an answer. */
  | { state: "expired" }
  /** The face is too small or too blurred: no stage was given it. */
  | { state: "skipped" };

/** What a stage answers: a stage of the table its own kind, an analyzer an analysis. */
export type ValueOf<S extends StageName> = S extends CoreStage
  ? Outcomes[(typeof STAGE_TABLE)[S]["outcome"]]
  : AnalysisJson;

/** One entry per stage that the job asked for and that answers for faces, by its name. */
export type FaceFields = Readonly<Record<StageName, Field<Outcomes[keyof Outcomes]>>>;

export interface FaceView extends Omit<FaceJson, "quality"> {
  fields: FaceFields;
  /** What makes the matches less certain, by the analyzers' answers; derived, as is the verdict: fields stay as they were answered. */
  cautions: Caution[];
  /** Of `match`, as it is shown: with a caution, one step below what the field says. Absent until that is done. */
  shownVerdict?: Verdict;
}

export interface JobView {
  jobId: string;
  /** unknown: `accepted` has not come yet. */
  state: "unknown" | "running" | "complete" | "deleted";
  accepted?: AcceptedJson;
  extract: Field<ExtractedJson>;
  faces: FaceView[];
  /** Faces found beyond the job's limit, and not analysed. */
  facesOmitted: number;
  deletedAtMs?: number;
}

/** Results that came before `accepted` or before `extract` named their face, kept until they can be placed. */
interface Job extends JobView {
  early: ResultEvent[];
}

export type JobState = Readonly<Job>;

/** How long after the deadline a late result is still waited for: work that began in time may end after it. */
export const DEADLINE_GRACE_MS = 2_000;

export function emptyJob(jobId: string): JobState {
  return { jobId, state: "unknown", extract: { state: "pending" }, faces: [], facesOmitted: 0, early: [] };
}

/**
 * The job after one more result. Returns the same object where the result changes nothing, so that callers may
 * compare by identity.
 */
export function reduceJob(job: JobState, event: ResultEvent): JobState {
  if (job.state === "deleted") return job;
  if (event.stage === "deleted") return deleted(job, event);
  const next = place(job, event);
  return next === job ? job : closed(next);
}

/** The job at a moment, milliseconds since the epoch: past its deadline and grace, what is pending is expired. */
export function jobAt(job: JobState, nowMs: number): JobState {
  const deadlineAtMs = job.accepted?.deadlineAtMs;
  if (job.state !== "running" || deadlineAtMs === undefined || nowMs < deadlineAtMs + DEADLINE_GRACE_MS)
    return job;
  const faces = job.faces.map((face) => settled({ ...face, fields: mapFields(face.fields, expire) }));
  return closed({ ...job, extract: expire(job.extract), faces });
}

/** The view without what only the reducer needs: the JSON of `GET /v1/jobs/{id}`. */
export function viewOf({ early: _, ...view }: JobState): JobView {
  return view;
}

/** The field of a stage, typed by the stage; undefined where the job did not ask for it. */
export function fieldOf<S extends StageName>(face: FaceView, stage: S): Field<ValueOf<S>> | undefined {
  return face.fields[stage] as Field<ValueOf<S>> | undefined;
}

/** The result as a field of the view. */
function fieldOfEvent<S extends StageName>(event: ResultEvent, stage: S): Field<ValueOf<S>> {
  const timings = event.timings ? { timings: event.timings } : {};
  if (event.failure) return { state: "failed", failure: event.failure, ...timings };
  const value = event[rowOf(stage).outcome];
  if (value === undefined) {
    return {
      state: "failed",
      failure: { code: "malformed_message", message: "a result without an outcome", retryable: false },
    };
  }
  const { model, attempt } = event;
  return { state: "done", value: value as ValueOf<S>, model, attempt, ...timings };
}

function deleted(job: JobState, event: ResultEvent): JobState {
  return {
    ...emptyJob(job.jobId),
    state: "deleted",
    ...(job.accepted ? { accepted: job.accepted } : {}),
    deletedAtMs: event.deleted?.deletedAtMs ?? 0,
  };
}

function place(job: JobState, event: ResultEvent): JobState {
  if (event.stage === "accepted") {
    if (job.accepted || !event.accepted) return job;
    return placeEarly({ ...job, state: "running", accepted: event.accepted });
  }
  if (event.stage === "extract") {
    if (job.extract.state !== "pending") return job;
    // A face's fields follow from `accepted`; without it there is nothing to place the faces in.
    if (!job.accepted) return keep(job, event);
    const extract = fieldOfEvent(event, "extract");
    if (extract.state !== "done") return { ...job, extract };
    const { stages } = job.accepted;
    const faces = extract.value.faces.map((face) => viewOfFace(face, stages, event));
    return placeEarly({ ...job, extract, faces, facesOmitted: extract.value.facesOmitted });
  }
  if (event.stage === "deleted") return job;
  const stage = event.stage;
  const face = job.faces.find((candidate) => candidate.index === event.face);
  if (!face) return job.extract.state === "pending" ? keep(job, event) : job;
  if (face.fields[stage]?.state !== "pending") return job;
  const fields: FaceFields = { ...face.fields, [stage]: fieldOfEvent(event, stage) };
  // The other faces stay the same objects: what is drawn of them need not be looked at.
  return { ...job, faces: job.faces.with(job.faces.indexOf(face), settled({ ...face, fields })) };
}

/** A face as `extract` found it: fields that it answers itself are done, the rest pending, or skipped with the face. */
function viewOfFace(
  { quality, ...face }: FaceJson,
  stages: readonly StageName[],
  event: ResultEvent,
): FaceView {
  const open: Field<never> = face.skipped ? { state: "skipped" } : { state: "pending" };
  const fields = inOrder(stages).map((stage) => {
    const answeredAlong = rowOf(stage).work === undefined;
    const { failure: _, ...along } = event;
    return [
      stage,
      answeredAlong ? fieldOfEvent({ ...along, ...(quality ? { analysis: quality } : {}) }, stage) : open,
    ] as const;
  });
  return { ...face, fields: Object.fromEntries(fields), cautions: [] };
}

/** The face with what follows from its fields: what waits for a stage that has failed has failed too; cautions and verdict. */
function settled({ shownVerdict: _, ...face }: FaceView): FaceView {
  const fields = Object.values(face.fields).some(({ state }) => state === "failed")
    ? mapFields(face.fields, (field, stage) => withoutSource(face.fields, field, stage))
    : face.fields;
  const cautions = cautionsOf(fields);
  const match = fieldOf({ ...face, fields }, "match");
  return {
    ...face,
    fields,
    cautions,
    ...(match?.state === "done" ? { shownVerdict: shownVerdict(match.value.verdict, cautions) } : {}),
  };
}

function withoutSource(fields: FaceFields, field: Field<never>, stage: StageName): Field<never> {
  const { source } = rowOf(stage);
  const cause = source && fields[source];
  if (field.state !== "pending" || cause?.state !== "failed") return field;
  const { retryable } = cause.failure;
  const message = `${source} failed, which this is made of`;
  return { state: "failed", failure: { code: "source_failed", message, retryable } };
}

function keep(job: JobState, event: ResultEvent): JobState {
  const known = job.early.some((other) => other.stage === event.stage && other.face === event.face);
  return known ? job : { ...job, early: [...job.early, event] };
}

function placeEarly(job: JobState): JobState {
  return job.early.reduce<JobState>((placed, event) => place(placed, event), { ...job, early: [] });
}

/** The job, complete when nothing is pending. */
function closed(job: JobState): JobState {
  if (!job.accepted || job.state === "complete") return job;
  const isOpen =
    job.extract.state === "pending" ||
    job.faces.some((face) => Object.values(face.fields).some(({ state }) => state === "pending"));
  return isOpen ? job : { ...job, state: "complete" };
}

/** The stages of the job that answer for faces: those of the table as it has them, analyzers as the job has them. */
function inOrder(stages: readonly StageName[]): StageName[] {
  const core = CORE_STAGES.filter((stage) => stages.includes(stage));
  return [...core, ...stages.filter((stage) => !isCoreStage(stage))].filter(answersPerFace);
}

function mapFields(
  fields: FaceFields,
  change: (field: Field<never>, stage: StageName) => Field<never>,
): FaceFields {
  const entries = Object.entries(fields);
  return Object.fromEntries(entries.map(([stage, field]) => [stage, change(field as Field<never>, stage)]));
}

function expire<T>(field: Field<T>): Field<T> {
  return field.state === "pending" ? { state: "expired" } : field;
}
