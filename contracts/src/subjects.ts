import { WORK_KINDS, answersPerFace, isStageName, type StageName, type WorkKind } from "./stages.js";

/** Every subject of the system is built and parsed here. Tokens are lower case and never hold a user's words. */
export const WORK_PREFIX = "sf.v2.work";
export const RESULT_PREFIX = "sf.v2.result";
export const LIVE_PREFIX = "sf.v2.live";
export const GALLERY_PREFIX = "sf.v2.gallery";
export const DELETION_PREFIX = "sf.v2.deletion";
/** Pictures at rest, where the broker keeps them; private to that driver, and older than the messages: what a gallery holds outlives their versions. */
export const BLOB_PREFIX = "sf.v1.blob";
export const PROVISION_PREFIX = "sf.v2.provision";
/** Of the version before: `provision` deletes the streams of work and results whose subjects begin so. */
export const RETIRED_PREFIX = "sf.v1.";
/** Messages of zeros, published to see whether the broker stores them. */
export const PROBE_SUBJECT = "sf.v2.probe";

/** All work of one kind, as streams and consumers name it. */
export const workFilter = (kind: WorkKind): string =>
  kind === "image" ? `${WORK_PREFIX}.*.image` : `${WORK_PREFIX}.*.${kind}.*`;

export const imageWorkSubject = (jobId: string): string => `${WORK_PREFIX}.${jobId}.image`;
export const faceWorkSubject = (jobId: string, face: number): string =>
  `${WORK_PREFIX}.${jobId}.face.${face}`;
export const embeddingWorkSubject = (jobId: string, face: number): string =>
  `${WORK_PREFIX}.${jobId}.embedding.${face}`;
export const enrolWorkSubject = (jobId: string, face: number): string =>
  `${WORK_PREFIX}.${jobId}.enrol.${face}`;

/** A request for the consumer of the analyzer of this name; `provision` replies with nothing once it is there, or with why it is refused. */
export const provisionSubject = (stage: StageName): string => `${PROVISION_PREFIX}.${stage}`;

/** Everything still to be done for one job: what a deletion purges. */
export const workOfJobSubject = (jobId: string): string => `${WORK_PREFIX}.${jobId}.>`;
export const resultsOfJobSubject = (jobId: string): string => `${RESULT_PREFIX}.${jobId}.>`;
/** That a deleted job is to be purged once more. */
export const deletionSubject = (jobId: string): string => `${DELETION_PREFIX}.${jobId}`;
/** What a gateway subscribes to for a watched job: results as `SF_RESULTS` stores them. */
export const liveOfJobSubject = (jobId: string): string => `${LIVE_PREFIX}.${jobId}.>`;
/** And for a finished job that is shown: its tombstone. */
export const liveDeletionSubject = (jobId: string): string => `${LIVE_PREFIX}.${jobId}.deleted`;

/** A stage, or `accepted` or `deleted`: those are results of the job itself, by the gateway. */
export type ResultStage = StageName;

/**
 * Where a result is stored, once for the whole life of its job: of a stage that answers for faces under the group that they travelled in
 * (groups.ts), and under the face where the group was split.
 */
export function resultSubject(jobId: string, stage: ResultStage, group?: number, face?: number): string {
  return [RESULT_PREFIX, jobId, stage, ...placeTokens(group, face)].join(".");
}

export interface SubjectOfWork {
  jobId: string;
  kind: WorkKind;
  /** Set for every kind but `image`: the first of the faces that the message is about. */
  face?: number;
}

const WORK_SUBJECT = new RegExp(`^sf\\.v2\\.work\\.([0-9a-z]+)\\.(${WORK_KINDS.join("|")})(?:\\.(\\d+))?$`);

/** The job and face that a work subject names, or undefined where it is no work subject. */
export function parseWorkSubject(subject: string): SubjectOfWork | undefined {
  const match = WORK_SUBJECT.exec(subject);
  if (!match?.[1]) return undefined;
  const kind = match[2] as WorkKind;
  if ((kind === "image") !== (match[3] === undefined)) return undefined;
  return match[3] === undefined
    ? { jobId: match[1], kind }
    : { jobId: match[1], kind, face: Number(match[3]) };
}

export interface SubjectOfResult {
  jobId: string;
  stage: ResultStage;
  /** Set for stages that answer for faces: the first face of the message that is answered. */
  group?: number;
  /** Set where the group was split: the face that is answered. */
  face?: number;
}

const RESULT_SUBJECT = /^sf\.v2\.(?:result|live)\.([0-9a-z]+)\.([a-z0-9-]+)(?:\.(\d+)(?:\.(\d+))?)?$/;

/** Parses `sf.v2.result...` and its republished twin `sf.v2.live...`. */
export function parseResultSubject(subject: string): SubjectOfResult | undefined {
  const match = RESULT_SUBJECT.exec(subject);
  if (!match?.[1] || !match[2]) return undefined;
  const stage = match[2];
  const ofJob = stage === "accepted" || stage === "deleted";
  if (!ofJob && !isStageName(stage)) return undefined;
  if ((!ofJob && answersPerFace(stage)) !== (match[3] !== undefined)) return undefined;
  return {
    jobId: match[1],
    stage,
    ...(match[3] === undefined ? {} : { group: Number(match[3]) }),
    ...(match[4] === undefined ? {} : { face: Number(match[4]) }),
  };
}

/**
 * The `Nats-Msg-Id` of a work message: of a group's by its first face, of one face of a split group by both. Deterministic, so that a
 * redelivered `extract` or `embed` that publishes again within the duplicate window adds nothing.
 */
export const workMessageId = (jobId: string, kind: WorkKind, group?: number, face?: number): string =>
  [jobId, kind, ...placeTokens(group, face)].join(".");

export const resultMessageId = (jobId: string, stage: ResultStage, group?: number, face?: number): string =>
  [jobId, "result", stage, ...placeTokens(group, face)].join(".");

function placeTokens(...place: (number | undefined)[]): number[] {
  return place.filter((token) => token !== undefined);
}

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
  "named",
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
