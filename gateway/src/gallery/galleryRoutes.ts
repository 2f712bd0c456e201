import { createHash } from "node:crypto";
import { FACES_MAX, StageFailure, type GalleryReceipt, type Identity } from "@similarfaces/contracts";
import type { EnrolmentOutcomes } from "@similarfaces/contracts/api";
import {
  checkedEnrollee,
  newIdentityId,
  type Enrollee,
  type Enrolment,
  type PhotoOutcome,
} from "./enrolment.js";
import { failureOf } from "../requests/failures.js";
import { galleryBlobKey, type Blobs } from "@similarfaces/runtime";
import { clientOf, type Caller } from "../access/caller.js";
import { isForm, readForm } from "../requests/form.js";
import type { GalleryClient } from "./galleryClient.js";
import { exportReply, importFaces } from "./galleryTransfer.js";
import { identityPageView, identityView, matchesView, receiptView, statisticsView } from "./galleryViews.js";
import type { HttpReply, HttpRequest } from "../http/http.js";
import { acceptedJson } from "../jobs/jobRoutes.js";
import { numberField, readJsonBody, textField } from "../requests/jsonBody.js";
import { jpegReply, jsonReply } from "../requests/replies.js";
import type { Call, Route } from "../requests/router.js";

export interface GalleryRoutesOptions {
  gallery: GalleryClient;
  enrolment: Enrolment;
  blobs: Blobs;
}

const PAGE_SIZE = 50;
const PAGE_SIZE_MAX = 200;
const SEARCH_COUNT = 5;
const SEARCH_COUNT_MAX = 100;
/** What gallery ids look like; nothing else can be the name of a portrait. */
const FACE_ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * The gallery over HTTP: questions go to match by request and reply, enrolling is a job. What changes the gallery, or
 * gives out its embeddings, is for those who may (access/access.ts).
 */
export function galleryRoutes({ gallery, enrolment, blobs }: GalleryRoutesOptions): Route[] {
  return [
    {
      method: "GET",
      path: "/v1/gallery/identities",
      scope: "gallery:read",
      async handle({ request: { query }, caller, trace }) {
        const page = await gallery.ask(
          "list",
          {
            nameContains: query.get("name") ?? "",
            pageSize: numberField(countOf(query.get("pageSize")), "pageSize", {
              min: 1,
              max: PAGE_SIZE_MAX,
              fallback: PAGE_SIZE,
            }),
            pageToken: query.get("pageToken") ?? "",
          },
          trace,
        );
        return jsonReply(200, identityPageView(page, seesAll(caller)));
      },
    },
    {
      method: "POST",
      path: "/v1/gallery/identities",
      scope: "gallery:write",
      async handle(call) {
        enrolment.check(clientOf(call.caller));
        const { name, consent, enrol } = await readEnrolment(call, enrolment);
        const identityId = newIdentityId();
        return enrolReply(identityId, await enrol(checkedEnrollee(identityId, name, consent)), call.caller);
      },
    },
    {
      method: "GET",
      path: "/v1/gallery/identities/{identityId}",
      scope: "gallery:read",
      async handle({ params: { identityId = "" }, caller, trace }) {
        return jsonReply(200, identityView(await gallery.ask("get", { identityId }, trace), seesAll(caller)));
      },
    },
    {
      method: "PATCH",
      path: "/v1/gallery/identities/{identityId}",
      scope: "gallery:write",
      async handle({ request, params: { identityId = "" }, trace }) {
        const name = textField(await readJsonBody(request), "name");
        return identityReply(await gallery.ask("rename", { identityId, name }, trace));
      },
    },
    {
      method: "DELETE",
      path: "/v1/gallery/identities/{identityId}",
      scope: "gallery:write",
      async handle({ params: { identityId = "" }, trace }) {
        return receiptReply(await gallery.ask("deleteIdentity", { identityId }, trace));
      },
    },
    {
      method: "POST",
      path: "/v1/gallery/identities/{identityId}/faces",
      scope: "gallery:write",
      async handle(call) {
        enrolment.check(clientOf(call.caller));
        const { identityId = "" } = call.params;
        const known = await gallery.ask("get", { identityId }, call.trace);
        const { consent = known.consent, enrol } = await readEnrolment(call, enrolment);
        const enrollee = checkedEnrollee(identityId, known.name, consent);
        return enrolReply(identityId, await enrol(enrollee), call.caller);
      },
    },
    {
      method: "POST",
      path: "/v1/gallery/identities/{identityId}/merge",
      scope: "gallery:write",
      async handle({ request, params: { identityId = "" }, trace }) {
        const intoIdentityId = textField(await readJsonBody(request), "into");
        return identityReply(
          await gallery.ask("merge", { fromIdentityId: identityId, intoIdentityId }, trace),
        );
      },
    },
    {
      method: "GET",
      path: "/v1/gallery/faces/{faceId}.jpg",
      scope: "gallery:read",
      async handle({ request, params: { faceId = "" }, trace }) {
        // First the picture: what does not exist costs the gallery no question.
        const portrait = FACE_ID.test(faceId) ? await blobs.get(galleryBlobKey(faceId)) : undefined;
        const isShown = portrait && (await gallery.ask("hasFace", { faceId }, trace)).present;
        if (!isShown) throw new StageFailure("face_not_found");
        return portraitReply(portrait.bytes, request);
      },
    },
    {
      method: "DELETE",
      path: "/v1/gallery/faces/{faceId}",
      scope: "gallery:write",
      async handle({ params: { faceId = "" }, trace }) {
        return receiptReply(await gallery.ask("deleteFace", { faceId }, trace));
      },
    },
    {
      method: "POST",
      path: "/v1/gallery/search",
      scope: "gallery:read",
      async handle({ request, trace }) {
        const body = await readJsonBody(request);
        const matches = await gallery.ask(
          "search",
          {
            embedding: Buffer.from(textField(body, "embedding"), "base64"),
            model: textField(body, "model"),
            count: numberField(body["count"], "count", {
              min: 1,
              max: SEARCH_COUNT_MAX,
              fallback: SEARCH_COUNT,
            }),
            minLikelihood: numberField(body["minLikelihood"], "minLikelihood", {
              min: 0,
              max: 1,
              fallback: 0,
              whole: false,
            }),
          },
          trace,
        );
        return jsonReply(200, matchesView(matches));
      },
    },
    {
      method: "GET",
      path: "/v1/gallery/statistics",
      scope: "gallery:read",
      handle: async ({ trace }) => jsonReply(200, statisticsView(await gallery.ask("statistics", {}, trace))),
    },
    {
      method: "GET",
      path: "/v1/gallery/export",
      scope: "admin",
      handle: () => exportReply(gallery),
    },
    {
      method: "POST",
      path: "/v1/gallery/import",
      scope: "gallery:write",
      handle: async ({ request }) => receiptReply(await importFaces(await request.body(), gallery)),
    },
  ];

  /** To one who has changed it, and so may see all of it. */
  function identityReply(identity: Identity): HttpReply {
    return jsonReply(200, identityView(identity, true));
  }

  function receiptReply(receipt: GalleryReceipt): HttpReply {
    return jsonReply(200, receiptView(receipt));
  }
}

interface AskedEnrolment {
  name?: unknown;
  consent?: unknown;
  enrol(enrollee: Enrollee): Promise<PhotoOutcome[]>;
}

/** A form with photos, or JSON that names a face of a finished job. */
async function readEnrolment(call: Call, enrolment: Enrolment): Promise<AskedEnrolment> {
  const { request } = call;
  const contentType = request.header("content-type");
  if (isForm(contentType)) {
    const { fields, files } = readForm(await request.body(), contentType);
    const photos = files.filter(({ field }) => field === "photo");
    return {
      ...given("name", fields.get("name")),
      ...given("consent", fields.get("consent")),
      enrol: (enrollee) => enrolment.enrolPhotos(photos, enrollee, fields.get("source"), call),
    };
  }
  const body = await readJsonBody(request);
  const jobId = textField(body, "jobId");
  const face = numberField(body["face"], "face", { min: 0, max: FACES_MAX - 1, fallback: 0 });
  return {
    ...given("name", body["name"]),
    ...given("consent", body["consent"]),
    enrol: async (enrollee) => [
      { name: "", accepted: await enrolment.enrolFaceOfJob(jobId, face, enrollee, call) },
    ],
  };
}

function given(name: "name" | "consent", value: unknown): { name?: unknown; consent?: unknown } {
  return value === undefined ? {} : { [name]: value };
}

/** Who may change the gallery sees all of an identity. */
function seesAll({ scopes }: Caller): boolean {
  return scopes.has("gallery:write");
}

/** What was accepted is said, whatever became of the rest. */
function enrolReply(identityId: string, outcomes: readonly PhotoOutcome[], caller: Caller): HttpReply {
  const photos = outcomes.map(({ name, accepted }) =>
    accepted instanceof StageFailure
      ? { name, failure: failureOf(accepted) }
      : { name, job: acceptedJson(accepted, caller) },
  );
  return jsonReply<EnrolmentOutcomes>(202, { identityId, photos });
}

/** Asked for again each time, so that a deleted face is gone from pages too; unchanged it costs no bytes. */
function portraitReply(bytes: Uint8Array, request: HttpRequest): HttpReply {
  const etag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
  const headers = { "cache-control": "private, no-cache", etag };
  if (request.header("if-none-match") === etag) return { status: 304, headers };
  const reply = jpegReply(bytes);
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

/** A count of a query; what is no number fails the check of its limits. */
function countOf(text: string | null): number | undefined {
  return text === null || text === "" ? undefined : Number(text);
}
