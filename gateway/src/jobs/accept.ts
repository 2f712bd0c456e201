import {
  ImageWorkSchema,
  ResultSchema,
  STAGES,
  StageFailure,
  FACES_MAX,
  create,
  imageWorkSubject,
  newJobId,
  toBinary,
  workMessageId,
  type StageName,
} from "@similarfaces/contracts";
import type * as api from "@similarfaces/contracts/api";
import {
  jobBlobKey,
  publishResult,
  publishWork,
  type Blobs,
  type Broker,
  type Span,
} from "@similarfaces/runtime";
import { readImageHeader } from "./imageHeader.js";

/** What a visitor asks of a photo, beyond looking at it. */
export interface JobRequest {
  stages: readonly StageName[];
  facesMax: number;
  matchCount: number;
  /** The id of the key that the job will belong to. */
  owner?: string | undefined;
  enrolment?: { identityId: string; name: string; consent: string; source: string };
}

/** A job that is on its way. */
export type AcceptedJob = Omit<api.AcceptedJob, "links">;

export interface AcceptOptions {
  broker: Broker;
  blobs: Blobs;
  jobTtlMs: number;
  jobDeadlineMs: number;
  /** The stages of this installation. */
  stages: readonly StageName[];
}

const MATCHES_MAX = 50;

/**
 * Takes a photo: checks its header, stores it, publishes `accepted` and then the work, which names the span as its
 * parent. `expect` is called with the id before anything is published.
 * @throws StageFailure what readImageHeader throws, storage_unavailable, unavailable or overloaded
 */
export async function acceptPhoto(
  photo: Uint8Array,
  request: JobRequest,
  options: AcceptOptions,
  span: Span,
  expect: (jobId: string) => Promise<void>,
): Promise<AcceptedJob> {
  const { broker, blobs, jobTtlMs, jobDeadlineMs } = options;
  const { contentType, size } = readImageHeader(photo);
  const acceptedAtMs = Date.now();
  const jobId = newJobId(acceptedAtMs);
  const job = {
    jobId,
    acceptedAtMs,
    deadlineAtMs: acceptedAtMs + jobDeadlineMs,
    expiresAtMs: acceptedAtMs + jobTtlMs,
  };
  const stages = [...request.stages];
  const blobKey = jobBlobKey(jobId, "upload");
  await Promise.all([blobs.put(blobKey, photo, contentType), expect(jobId)]);
  const storedAtMs = Date.now();
  span.part("store", acceptedAtMs, storedAtMs);
  // Not stored is stored already: an answer of the broker was lost on its way, and this was the second time of asking.
  await publishResult(
    broker,
    create(ResultSchema, {
      jobId,
      stage: "accepted",
      attempt: 1,
      outcome: {
        case: "accepted",
        value: {
          $typeName: "similarfaces.v1.Accepted",
          stages,
          acceptedAtMs,
          deadlineAtMs: job.deadlineAtMs,
          expiresAtMs: job.expiresAtMs,
          contentType,
          size: { $typeName: "similarfaces.v1.ImageSize", ...size },
          bytes: photo.byteLength,
          facesMax: request.facesMax,
          owner: request.owner ?? "",
        },
      },
    }),
  );
  const work = create(ImageWorkSchema, {
    jobId,
    blobKey,
    contentType,
    size,
    acceptedAtMs,
    deadlineAtMs: job.deadlineAtMs,
    stages,
    options: {
      facesMax: request.facesMax,
      matchCount: request.matchCount,
      ...(request.enrolment ? { enrolment: request.enrolment } : {}),
    },
  });
  const message = {
    subject: imageWorkSubject(jobId),
    data: toBinary(ImageWorkSchema, work),
    messageId: workMessageId(jobId, "image"),
  };
  await publishWork(broker, message, span.context);
  span.part("publish", storedAtMs, Date.now());
  return job;
}

/**
 * Reads `stages`, `faces` and `matches` of a request's query. A stage brings along what it needs.
 * @throws StageFailure bad_request
 */
export function readJobRequest(query: URLSearchParams, installed: readonly StageName[]): JobRequest {
  return {
    stages: readStages(query.get("stages"), installed),
    facesMax: readCount(query, "faces", FACES_MAX, FACES_MAX),
    matchCount: readCount(query, "matches", 5, MATCHES_MAX),
  };
}

function readStages(text: string | null, installed: readonly StageName[]): StageName[] {
  const offered = STAGES.filter((stage) => installed.includes(stage));
  if (text === null || text === "") return offered;
  const asked = text.split(",").map((name) => name.trim());
  const unknown = asked.filter((name) => !(offered as readonly string[]).includes(name));
  if (unknown.length > 0) {
    throw new StageFailure("bad_request", `stages takes a list of ${offered.join(", ")}`);
  }
  const needed = new Set([...asked, "extract", ...(asked.includes("match") ? ["embed"] : [])]);
  return offered.filter((stage) => needed.has(stage));
}

function readCount(query: URLSearchParams, name: string, fallback: number, max: number): number {
  const text = query.get(name);
  if (text === null || text === "") return fallback;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > max) {
    throw new StageFailure("bad_request", `${name} takes a whole number from 1 to ${max}`);
  }
  return count;
}
