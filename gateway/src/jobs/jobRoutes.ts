import { StageFailure, isJobId, viewOf } from "@similarfaces/contracts";
import type * as api from "@similarfaces/contracts/api";
import type { Blobs, Metrics } from "@similarfaces/runtime";
import type { AcceptedJob } from "./accept.js";
import { clientOf, type Caller } from "../access/caller.js";
import type { Deletions } from "./deletion.js";
import { faceOfSheet } from "./faceOfSheet.js";
import { isForm, readForm } from "../requests/form.js";
import type { HttpReply, HttpRequest } from "../http/http.js";
import type { Intake } from "./intake.js";
import { readJobRequest } from "./jobRequest.js";
import { noPicture, picture, pictureReply } from "./jobPictures.js";
import type { Relay } from "../relay/relay.js";
import { jpegReply, jsonReply } from "../requests/replies.js";
import type { Snapshot } from "../relay/watch.js";
import type { Call, Route } from "../requests/router.js";
import type { InstalledStages } from "../system/installedStages.js";
import { wantsEvents } from "../relay/eventStream.js";
import { streamEvents } from "../relay/sse.js";
import { orWhen, readWait, untilComplete } from "./waiting.js";

export interface JobRoutesOptions {
  blobs: Blobs;
  relay: Relay;
  metrics: Metrics;
  intake: Intake;
  deletions: Deletions;
  installed: InstalledStages;
  /** Aborted when the gateway ends: requests that wait are answered with the job as it is. */
  leaving: AbortSignal;
}

/** Photos in, results out. */
export function jobRoutes(options: JobRoutesOptions): Route[] {
  const { blobs, relay, metrics, intake, deletions, installed, leaving } = options;
  return [
    {
      method: "POST",
      path: "/v1/jobs",
      scope: "analyse",
      async handle({ request, caller, trace }) {
        const asked = () => readJobRequest(request.query, caller, installed);
        const client = clientOf(caller);
        intake.check(client, asked().stages);
        const waitMs = readWait(request.header("prefer")) ?? 0;
        const photo = await readPhoto(request);
        // Which analyzers there are may have changed while the photo was sent.
        const job = await intake.accept(photo, asked(), trace, client);
        const headers = { location: linksOf(job.jobId).self };
        if (wantsEvents(request)) {
          return streamEvents(relay, metrics, job.jobId, 0, caller, headers);
        }
        return waitMs > 0
          ? waitForJob(job, waitMs, relay, caller, headers, leaving)
          : jsonReply(202, acceptedJson(job, caller), headers);
      },
    },
    {
      method: "GET",
      path: "/v1/jobs/{jobId}",
      scope: "analyse",
      handle: async (call) => jobReply(200, await relay.snapshot(jobIdOf(call), call.caller), call.caller),
    },
    {
      method: "DELETE",
      path: "/v1/jobs/{jobId}",
      scope: "analyse",
      async handle(call) {
        const jobId = jobIdOf(call);
        let owner: string | undefined;
        const mayDelete = (id: string, of: string | undefined) => call.caller.mayDelete(id, (owner = of));
        const deleted = await relay
          .snapshot(jobId, { mayRead: mayDelete })
          .then(() => undefined, deletedBefore);
        const receipt = await deletions.delete(jobId, owner);
        // A job that was deleted before may have been deleted in part only, because a store was away.
        if (deleted && receipt.stores.every(({ found, foundAgain }) => found + foundAgain === 0))
          throw deleted;
        return jsonReply(200, receipt);
      },
    },
    {
      method: "GET",
      path: "/v1/jobs/{jobId}/events",
      scope: "analyse",
      async handle(call) {
        const jobId = jobIdOf(call);
        const after = readAfter(call.request);
        // A job that cannot be watched is answered with a status, which takes a reply before the stream begins.
        await relay.snapshot(jobId, call.caller);
        return streamEvents(relay, metrics, jobId, after, call.caller);
      },
    },
    {
      method: "GET",
      path: "/v1/jobs/{jobId}/photo.jpg",
      scope: "analyse",
      handle: (call) => pictureReply(jobIdOf(call), "photo.jpg", call.caller, relay, blobs),
    },
    {
      method: "GET",
      path: "/v1/jobs/{jobId}/faces.jpg",
      scope: "analyse",
      handle: (call) => pictureReply(jobIdOf(call), "faces.jpg", call.caller, relay, blobs),
    },
    {
      method: "GET",
      path: "/v1/jobs/{jobId}/faces/{face}.jpg",
      scope: "analyse",
      async handle(call) {
        const { face = "" } = call.params;
        if (!/^\d{1,3}$/.test(face)) throw new StageFailure("not_found");
        const { job, bytes } = await picture(jobIdOf(call), "faces.jpg", call.caller, relay, blobs);
        if (!job.faces.some(({ index }) => index === Number(face))) throw noPicture();
        // Faces follow from `accepted`: where there are any, it has come.
        return jpegReply(await faceOfSheet(bytes, Number(face), job.accepted!.chipSide));
      },
    },
  ];
}

/** `share` is the page that shows the job to everybody who has its address; only for a job that belongs to the caller's key. */
function linksOf(jobId: string, owner?: string, caller?: Caller): api.Links {
  const self = `/v1/jobs/${jobId}`;
  const token = caller?.shareToken(jobId, owner);
  return {
    self,
    events: `${self}/events`,
    photo: `${self}/photo.jpg`,
    live: "/v1/live",
    ...(token === undefined ? {} : { share: `/jobs/${jobId}?share=${token}` }),
  };
}

/** The answer to a client whose photo was accepted. */
export function acceptedJson(job: AcceptedJob, caller: Caller): api.AcceptedJob {
  return { ...job, links: linksOf(job.jobId, caller.keyId, caller) };
}

/** @throws StageFailure job_not_found for text that cannot be the id of a job */
function jobIdOf({ params }: Call): string {
  const { jobId = "" } = params;
  if (!isJobId(jobId)) throw new StageFailure("job_not_found");
  return jobId;
}

/** @throws every error but `job_deleted` */
function deletedBefore(error: unknown): StageFailure {
  if (error instanceof StageFailure && error.code === "job_deleted") return error;
  throw error;
}

/** The body itself, or the only file of a form. */
async function readPhoto(request: HttpRequest): Promise<Uint8Array> {
  const body = await request.body();
  const contentType = request.header("content-type");
  if (!isForm(contentType)) return body;
  const photos = readForm(body, contentType).files.filter(({ field }) => field === "photo");
  if (photos.length !== 1) throw new StageFailure("bad_request", "A form has one file, in the field photo.");
  return photos[0]!.bytes;
}

/** The sequence after which events are wanted: the browser's header when it reconnects, else the query. */
function readAfter(request: HttpRequest): number {
  const text = request.header("last-event-id") ?? request.query.get("after") ?? "";
  if (text === "") return 0;
  const after = Number(text);
  if (!Number.isSafeInteger(after) || after < 0) {
    throw new StageFailure("bad_request", "after takes the id of an event, a whole number");
  }
  return after;
}

/**
 * 200 with the job where it is complete within the time, else 202 with the job as it is. The job was accepted, so the answer has its id
 * whatever goes wrong meanwhile.
 */
async function waitForJob(
  job: AcceptedJob,
  waitMs: number,
  relay: Relay,
  caller: Caller,
  headers: Record<string, string>,
  leaving: AbortSignal,
): Promise<HttpReply> {
  const applied = { ...headers, "preference-applied": `wait=${waitMs / 1_000}` };
  try {
    await untilComplete(job.jobId, { waitMs, relay, leaving });
    // When the gateway ends the broker may be slow, and the process has little time left.
    const snapshot = await orWhen(leaving, LEAVING_SNAPSHOT_MS, relay.snapshot(job.jobId, caller));
    if (snapshot) return jobReply(snapshot.job.state === "complete" ? 200 : 202, snapshot, caller, applied);
  } catch {
    // Deleted meanwhile, or the broker is away: the client learns which from the job's own address.
  }
  return jsonReply(202, acceptedJson(job, caller), applied);
}

/** How long reading the job may take once the gateway ends. */
const LEAVING_SNAPSHOT_MS = 1_000;

function jobReply(
  status: number,
  { job, sequence, owner }: Snapshot,
  caller: Caller,
  headers: Record<string, string> = {},
): HttpReply {
  const links = linksOf(job.jobId, owner, caller);
  return jsonReply<api.Job>(status, { ...viewOf(job), sequence, links }, headers);
}
