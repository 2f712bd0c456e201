import { FACE_STAGES, type StageName } from "./stages.js";

/** Every subject of the system is built and parsed here. Tokens are lower case and never hold a user's words. */
export const WORK_PREFIX = "sf.v1.work";
export const RESULT_PREFIX = "sf.v1.result";
export const LIVE_PREFIX = "sf.v1.live";
export const GALLERY_PREFIX = "sf.v1.gallery";
export const DELETION_PREFIX = "sf.v1.deletion";
/** Pictures at rest, where the broker keeps them; private to that driver. */
export const BLOB_PREFIX = "sf.v1.blob";
/** Zeros, stored to see whether the broker stores. */
export const PROBE_SUBJECT = "sf.v1.probe";

export const imageWorkSubject = (jobId: string): string => `${WORK_PREFIX}.${jobId}.image`;
export const faceWorkSubject = (jobId: string, face: number): string =>
  `${WORK_PREFIX}.${jobId}.face.${face}`;
export const embeddingWorkSubject = (jobId: string, face: number): string =>
  `${WORK_PREFIX}.${jobId}.embedding.${face}`;
export const enrolWorkSubject = (jobId: string, face: number): string =>
  `${WORK_PREFIX}.${jobId}.enrol.${face}`;

/** Everything still to be done for one job: what a deletion purges. */
export const workOfJobSubject = (jobId: string): string => `${WORK_PREFIX}.${jobId}.>`;
export const resultsOfJobSubject = (jobId: string): string => `${RESULT_PREFIX}.${jobId}.>`;
/** That a deleted job is to be looked through once more. */
export const deletionSubject = (jobId: string): string => `${DELETION_PREFIX}.${jobId}`;
/** What a gateway subscribes to for a watched job: results as `SF_RESULTS` stores them. */
export const liveOfJobSubject = (jobId: string): string => `${LIVE_PREFIX}.${jobId}.>`;

/** `accepted` and `deleted` are results of the job itself, by the gateway. */
export type ResultStage = StageName | "accepted" | "deleted";

export function resultSubject(jobId: string, stage: ResultStage, face?: number): string {
  return face === undefined
    ? `${RESULT_PREFIX}.${jobId}.${stage}`
    : `${RESULT_PREFIX}.${jobId}.${stage}.${face}`;
}

export interface SubjectOfWork {
  jobId: string;
  kind: "image" | "face" | "embedding" | "enrol";
  /** Set for every kind but `image`. */
  face?: number;
}

/** The job and face that a work subject names, or undefined where it is no work subject. */
export function parseWorkSubject(subject: string): SubjectOfWork | undefined {
  const match = /^sf\.v1\.work\.([0-9a-z]+)\.(image|face|embedding|enrol)(?:\.(\d+))?$/.exec(subject);
  if (!match?.[1]) return undefined;
  const kind = match[2] as SubjectOfWork["kind"];
  if ((kind === "image") !== (match[3] === undefined)) return undefined;
  return match[3] === undefined
    ? { jobId: match[1], kind }
    : { jobId: match[1], kind, face: Number(match[3]) };
}

export interface SubjectOfResult {
  jobId: string;
  stage: ResultStage;
  face?: number;
}

/** Parses `sf.v1.result...` and its republished twin `sf.v1.live...`. */
export function parseResultSubject(subject: string): SubjectOfResult | undefined {
  const match = /^sf\.v1\.(?:result|live)\.([0-9a-z]+)\.([a-z]+)(?:\.(\d+))?$/.exec(subject);
  if (!match?.[1] || !match[2]) return undefined;
  const stage = match[2] as ResultStage;
  const ofFace = (FACE_STAGES as readonly string[]).includes(stage);
  if (ofFace !== (match[3] !== undefined)) return undefined;
  if (!ofFace && stage !== "extract" && stage !== "accepted" && stage !== "deleted") return undefined;
  return match[3] === undefined
    ? { jobId: match[1], stage }
    : { jobId: match[1], stage, face: Number(match[3]) };
}

/**
 * The `Nats-Msg-Id` of a work message. Deterministic, so that a redelivered `extract` or `embed` that publishes
 * again within the duplicate window adds nothing.
 */
export const workMessageId = (jobId: string, kind: SubjectOfWork["kind"], face?: number): string =>
  face === undefined ? `${jobId}.${kind}` : `${jobId}.${kind}.${face}`;

export const resultMessageId = (jobId: string, stage: ResultStage, face?: number): string =>
  face === undefined ? `${jobId}.result.${stage}` : `${jobId}.result.${stage}.${face}`;

export const GALLERY_OPERATIONS = [
  "list",
  "get",
  "search",
  "rename",
  "merge",
  "delete_identity",
  "delete_face",
  "statistics",
  "export",
  "import",
  "has_face",
] as const;
export type GalleryOperation = (typeof GALLERY_OPERATIONS)[number];
export const gallerySubject = (operation: GalleryOperation): string => `${GALLERY_PREFIX}.${operation}`;
/** All replicas of match answer gallery requests as one queue group. */
export const GALLERY_QUEUE = "match";

/** A blob's key as a subject: a token per part, a dot in a name (which would part it) as "=". */
export const blobSubject = (key: string): string =>
  `${BLOB_PREFIX}.${key.replaceAll(".", "=").replaceAll("/", ".")}`;
export const blobChunkSubject = (key: string, chunk: number): string => `${blobSubject(key)}.${chunk}`;

/** The inverse of `blobChunkSubject`. */
export function parseBlobSubject(subject: string): { key: string; chunk: number } {
  const tokens = subject.slice(BLOB_PREFIX.length + 1).split(".");
  const chunk = Number(tokens.pop());
  return { key: tokens.join("/").replaceAll("=", "."), chunk };
}
