/**
 * The job as its viewers see it, computed from results by a pure reducer. Gateway, page and command line all use
 * this one. It works on the JSON of results, so that the page needs no Protobuf runtime.
 *
 * Results may come in any order and more than once: reducing is idempotent, and a field once known never changes.
 */
import { FACE_STAGES, SOURCE_OF, type FaceStage, type StageName } from "./stages.js";

export interface PointJson {
  x: number;
  y: number;
}
export interface BoxJson {
  x: number;
  y: number;
  width: number;
  height: number;
}
export interface LandmarksJson {
  leftEye: PointJson;
  rightEye: PointJson;
  nose: PointJson;
  leftMouth: PointJson;
  rightMouth: PointJson;
}
export interface SizeJson {
  width: number;
  height: number;
}
/** Milliseconds since the epoch. */
export interface TimingsJson {
  queuedAtMs: number;
  startedAtMs: number;
  finishedAtMs: number;
}
export interface FailureJson {
  code: string;
  message: string;
  retryable: boolean;
}
export interface AcceptedJson {
  stages: StageName[];
  acceptedAtMs: number;
  deadlineAtMs: number;
  expiresAtMs: number;
  contentType: string;
  size: SizeJson;
  bytes: number;
  facesMax: number;
}
export interface FaceJson {
  index: number;
  box: BoxJson;
  landmarks: LandmarksJson;
  score: number;
}
export interface ExtractedJson {
  size: SizeJson;
  faces: FaceJson[];
  facesOmitted: number;
}
export interface EmbeddedJson {
  /** Base64 of 512 little-endian float32. */
  embedding: string;
}
export interface AgeJson {
  years: number;
  lowYears: number;
  highYears: number;
  probabilities: number[];
}
export interface ClassificationJson {
  label: string;
  probability: number;
  probabilities: { label: string; probability: number }[];
}
export type Verdict = "very_alike" | "quite_alike" | "a_little_alike" | "no_close_match";
export interface MatchJson {
  identityId: string;
  name: string;
  faceId: string;
  similarity: number;
  likelihood: number;
  verdict: Verdict;
}
export interface MatchesJson {
  matches: MatchJson[];
  galleryFaces: number;
  verdict: Verdict;
}
export interface EnrolledJson {
  identityId: string;
  faceId: string;
  name: string;
}

/** What each stage's answer looks like. */
export interface StageValues {
  extract: ExtractedJson;
  embed: EmbeddedJson;
  age: AgeJson;
  gender: ClassificationJson;
  race: ClassificationJson;
  emotion: ClassificationJson;
  match: MatchesJson;
  enrol: EnrolledJson;
}

/** One result as it travels between gateway and viewers. Exactly one of the outcomes is set. */
export interface ResultEvent extends Partial<StageValues> {
  jobId: string;
  stage: StageName | "accepted" | "deleted";
  face?: number;
  timings?: TimingsJson;
  model: string;
  attempt: number;
  accepted?: AcceptedJson;
  deleted?: { deletedAtMs: number };
  failure?: FailureJson;
}

export type Field<T> =
  | { state: "pending" }
  | { state: "done"; value: T; timings?: TimingsJson; model: string; attempt: number }
  | { state: "failed"; failure: FailureJson; timings?: TimingsJson }
  /** The deadline passed without an answer. */
  | { state: "expired" };

export type FaceFields = { [S in FaceStage]?: Field<StageValues[S]> };

export interface FaceView extends FaceJson {
  /** One entry per stage that the job asked for. */
  fields: FaceFields;
}

export interface JobView {
  jobId: string;
  /** unknown: not even `accepted` has been seen. */
  state: "unknown" | "running" | "complete" | "deleted";
  accepted?: AcceptedJson;
  extract: Field<ExtractedJson>;
  faces: FaceView[];
  /** Faces seen beyond the job's limit. */
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
 * The job after one more result. Returns the same object where the result says nothing new, so that callers may
 * compare by identity.
 */
export function reduceJob(job: JobState, event: ResultEvent): JobState {
  if (job.state === "deleted") return job;
  if (event.stage === "deleted") return deleted(job, event);
  const next = place(job, event);
  return next === job ? job : settle(next);
}

/** The job as it is seen at a moment: past the deadline, what is pending is expired. */
export function jobAt(job: JobState, nowMs: number): JobState {
  const deadlineAtMs = job.accepted?.deadlineAtMs;
  if (job.state !== "running" || deadlineAtMs === undefined || nowMs < deadlineAtMs + DEADLINE_GRACE_MS)
    return job;
  const faces = job.faces.map((face) => ({ ...face, fields: mapFields(face.fields, expire) }));
  return settle({ ...job, extract: expire(job.extract), faces });
}

/** The view without what only the reducer needs: the JSON of `GET /v1/jobs/{id}`. */
export function viewOf({ early: _, ...view }: JobState): JobView {
  return view;
}

/** Which stages of the job have answered for good, per face: used by progress bars and tests. */
export function progressOf(job: JobView): { known: number; expected: number } {
  const fields = [job.extract, ...job.faces.flatMap((face) => Object.values(face.fields))];
  return { known: fields.filter((field) => field.state !== "pending").length, expected: fields.length };
}

/** The result as a field of the view. */
export function fieldOf<S extends StageName>(event: ResultEvent, stage: S): Field<StageValues[S]> {
  const timings = event.timings ? { timings: event.timings } : {};
  if (event.failure) return { state: "failed", failure: event.failure, ...timings };
  const value = event[stage];
  if (value === undefined) {
    return {
      state: "failed",
      failure: { code: "malformed_message", message: "a result without an outcome", retryable: false },
    };
  }
  return {
    state: "done",
    value: value as StageValues[S],
    model: event.model,
    attempt: event.attempt,
    ...timings,
  };
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
    const extract = fieldOf(event, "extract");
    if (extract.state !== "done") return { ...job, extract };
    const fields = pendingFields(job.accepted.stages);
    const faces = extract.value.faces.map((face) => ({ ...face, fields }));
    return placeEarly({ ...job, extract, faces, facesOmitted: extract.value.facesOmitted });
  }
  if (event.stage === "deleted") return job;
  const stage = event.stage;
  const face = job.faces.find((candidate) => candidate.index === event.face);
  if (!face) return job.extract.state === "pending" ? keep(job, event) : job;
  if (face.fields[stage]?.state !== "pending") return job;
  const fields: FaceFields = { ...face.fields, [stage]: fieldOf(event, stage) };
  return { ...job, faces: job.faces.map((other) => (other === face ? { ...face, fields } : other)) };
}

function keep(job: JobState, event: ResultEvent): JobState {
  const known = job.early.some((other) => other.stage === event.stage && other.face === event.face);
  return known ? job : { ...job, early: [...job.early, event] };
}

function placeEarly(job: JobState): JobState {
  return job.early.reduce<JobState>((placed, event) => place(placed, event), { ...job, early: [] });
}

/** Fails what waits for a stage that has failed, and closes the job when nothing is pending. */
function settle(job: JobState): JobState {
  const faces = job.faces.map((face) => {
    const { embed } = face.fields;
    if (embed?.state !== "failed") return face;
    const failure = {
      code: "source_failed",
      message: "the embedding failed",
      retryable: embed.failure.retryable,
    };
    const fields = mapFields(face.fields, (field, stage) =>
      field.state === "pending" && SOURCE_OF[stage] === "embed" ? { state: "failed", failure } : field,
    );
    return { ...face, fields };
  });
  const open =
    job.extract.state === "pending" ||
    faces.some((face) => Object.values(face.fields).some((field) => field.state === "pending"));
  return { ...job, faces, state: open || !job.accepted ? job.state : "complete" };
}

function pendingFields(stages: readonly StageName[]): FaceFields {
  const fields: FaceFields = {};
  for (const stage of FACE_STAGES) if (stages.includes(stage)) fields[stage] = { state: "pending" };
  return fields;
}

function mapFields(
  fields: FaceFields,
  change: (field: Field<never>, stage: FaceStage) => Field<never>,
): FaceFields {
  return Object.fromEntries(
    Object.entries(fields).map(([stage, field]) => [
      stage,
      change(field as Field<never>, stage as FaceStage),
    ]),
  ) as FaceFields;
}

function expire<T>(field: Field<T>): Field<T> {
  return field.state === "pending" ? { state: "expired" } : field;
}
