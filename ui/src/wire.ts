import type { FailureJson, JobView, ResultEvent } from "@similarfaces/contracts/job";
import type { StageName } from "@similarfaces/contracts/stages";

/** What the gateway says, as contracts/openapi.yaml describes it. Times are milliseconds since the epoch. */

export interface Links {
  /** The page that shows the job to others, where it belongs to the key that asks. */
  share?: string;
}

export interface AcceptedJob {
  jobId: string;
  acceptedAtMs: number;
  deadlineAtMs: number;
  expiresAtMs: number;
  links: Links;
}

/** The job as far as it is, and the sequence to go on from. */
export type JobSnapshot = JobView & { sequence: number; links: Links };

export interface DeletionReceipt {
  jobId: string;
  deletedAtMs: number;
  stores: {
    store: "images" | "faces" | "embeddings" | "results" | "blobs";
    found: number;
    secondLook: number;
  }[];
  lastLookAtMs: number;
}

export interface Completion {
  jobId: string;
  state: "complete" | "deleted";
  faces: number;
  elapsedMs: number;
  expired: { stage: StageName; face?: number }[];
}

export type LiveMessage =
  | { type: "result"; jobId: string; sequence: number; event: ResultEvent }
  | ({ type: "complete" } & Completion)
  | { type: "failure"; jobId: string; failure: FailureJson };

export interface GalleryFace {
  id: string;
  model: string;
  createdAtMs: number;
  /** Given to those who may change the gallery, and to nobody else. */
  source?: string;
}

export interface Identity {
  id: string;
  name: string;
  /** Likewise. */
  consent?: string;
  createdAtMs: number;
  faces: GalleryFace[];
}

export interface IdentityPage {
  identities: Identity[];
  /** Empty on the last page. */
  nextPageToken: string;
  total: number;
}

/** What became of each photo of an enrolment, in the order in which they were sent. */
export interface EnrolmentOutcomes {
  identityId: string;
  photos: ({ name: string } & ({ job: AcceptedJob } | { failure: FailureJson }))[];
}

export interface GalleryReceipt {
  identities: number;
  faces: number;
  thumbnails: number;
}

export interface GalleryStatistics {
  identities: number;
  faces: number;
  driver: string;
  model: string;
}

export interface ModelAbout {
  pack: string;
  id: string;
  version: string;
  task: string;
  licence: string;
  source: string;
  labels?: string[];
  notice?: string;
  measured: { data: string; n: number; date: string; figures: Record<string, unknown> }[];
}

export interface About {
  version: string;
  stages: StageName[];
  models: ModelAbout[];
  retention: { jobTtlMs: number; jobDeadlineMs: number };
  limits: { bodyBytesMax: number; pixelsMax: number; facesMax: number };
  /** Whether there are API keys; without any, the gallery is for the gateway's own machine alone. */
  galleryKey: boolean;
  /** What this page may do without a key of its own. */
  scopes: ("analyse" | "gallery:read" | "gallery:write" | "admin")[];
  contracts: { file: string; text: string }[];
}

export interface StageStatus {
  stage: StageName;
  /** In the last minute. */
  answers: number;
  /** Medians of the last minute. */
  waitMs: number | null;
  computeMs: number | null;
  /** Of the last answers, "<id>@<version>". */
  models: string[];
  waiting: number;
  inFlight: number;
}

export interface Status {
  /** False while the broker is away. */
  connected: boolean;
  stages: StageStatus[];
}
