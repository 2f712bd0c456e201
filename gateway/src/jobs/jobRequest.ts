import {
  FACES_MAX,
  StageFailure,
  isForPhotos,
  isGalleryStage,
  withSources,
  type EnrolmentSchema,
  type MessageInitShape,
  type StageName,
} from "@similarfaces/contracts";
import type { Caller } from "../access/caller.js";
import type { InstalledStages } from "../system/installedStages.js";

/** What a request asks of a photo. */
export interface JobRequest {
  stages: readonly StageName[];
  facesMax: number;
  matchCount: number;
  /** Faces of a lower score are none, 0..1; without it, and where it is 0, the deployment's. */
  minScore?: number;
  /** The id of the key that the job will belong to. */
  owner?: string | undefined;
  enrolment?: MessageInitShape<typeof EnrolmentSchema>;
}

const MATCHES_MAX = 50;
const MATCHES_USUAL = 5;

/**
 * Reads `stages`, `faces`, `matches` and `minScore` of a request's query. Without `stages` a job asks for all that are installed and that the caller
 * may ask for; a stage that is named, itself or by one of its answers, brings along those whose answers it needs.
 * @throws StageFailure bad_request; unauthorized or forbidden where a stage that searches the gallery is named and the caller may not
 */
export function readJobRequest(
  query: URLSearchParams,
  caller: Pick<Caller, "keyId" | "scopes">,
  installed: Pick<InstalledStages, "list" | "named">,
): JobRequest {
  return {
    stages: readStages(query.get("stages"), caller, installed),
    facesMax: readCount(query, "faces", FACES_MAX, FACES_MAX),
    matchCount: readCount(query, "matches", MATCHES_USUAL, MATCHES_MAX),
    minScore: readShare(query, "minScore"),
    owner: caller.keyId,
  };
}

function readStages(
  text: string | null,
  { keyId, scopes }: Pick<Caller, "keyId" | "scopes">,
  installed: Pick<InstalledStages, "list" | "named">,
): StageName[] {
  const offered = installed.list().filter(isForPhotos);
  // The answer of a stage of the gallery holds names and portraits.
  const maySearch = scopes.has("gallery:read");
  const open = offered.filter((stage) => maySearch || !isGalleryStage(stage));
  if (text === null || text === "") return open;
  const names = text.split(",").map((name) => name.trim());
  const asked = names.map((name) => installed.named(name) ?? name);
  const closed = asked.find((stage) => offered.includes(stage) && !open.includes(stage));
  if (closed !== undefined) {
    throw new StageFailure(
      keyId === undefined ? "unauthorized" : "forbidden",
      `The stage ${closed} searches the gallery, which takes a key with the scope gallery:read.`,
    );
  }
  if (!asked.every((stage) => open.includes(stage))) {
    throw new StageFailure(
      "bad_request",
      `stages takes a list of ${open.join(", ")}, or of their answers' names`,
    );
  }
  const needed = new Set(asked.flatMap(withSources));
  return open.filter((stage) => needed.has(stage));
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

function readShare(query: URLSearchParams, name: string): number {
  const text = query.get(name);
  if (text === null || text === "") return 0;
  const share = Number(text);
  if (!(share >= 0 && share <= 1))
    throw new StageFailure("bad_request", `${name} takes a number from 0 to 1`);
  return share;
}
