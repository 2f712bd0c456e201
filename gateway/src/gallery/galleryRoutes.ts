import { createHash } from "node:crypto";
import { StageFailure, type GalleryReceipt, type Identity } from "@similarfaces/contracts";
import { galleryBlobKey, type Blobs } from "@similarfaces/runtime";
import type { Caller } from "../access/caller.js";
import type { GalleryClient } from "./galleryClient.js";
import { exportReply, importFaces } from "./galleryTransfer.js";
import {
  deletionView,
  identityPageView,
  identityView,
  matchesView,
  receiptView,
  statisticsView,
} from "./galleryViews.js";
import type { HttpReply, HttpRequest } from "../http/http.js";
import { numberField, readJsonBody, textField } from "../requests/jsonBody.js";
import { jpegReply, jsonReply } from "../requests/replies.js";
import type { Route } from "../requests/router.js";

export interface GalleryRoutesOptions {
  gallery: GalleryClient;
  blobs: Blobs;
}

const PAGE_SIZE = 50;
const PAGE_SIZE_MAX = 200;
const SEARCH_COUNT = 5;
const SEARCH_COUNT_MAX = 100;
/** The form of gallery ids; no other text is the name of a portrait. */
const FACE_ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * The gallery over HTTP, but for enrolling (enrolRoutes.ts): questions go to match by request and reply. What changes the gallery, or gives
 * out its embeddings, is for those who may (access/access.ts).
 */
export function galleryRoutes({ gallery, blobs }: GalleryRoutesOptions): Route[] {
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
        const receipt = await gallery.ask("deleteIdentity", { identityId }, trace);
        return jsonReply(receipt.isUnderWay ? 202 : 200, deletionView(receipt));
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
        // The picture first: for one that does not exist the gallery is not asked.
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

  /** For a caller who has changed it, and so may see all of it. */
  function identityReply(identity: Identity): HttpReply {
    return jsonReply(200, identityView(identity, true));
  }

  function receiptReply(receipt: GalleryReceipt): HttpReply {
    return jsonReply(200, receiptView(receipt));
  }
}

/** Callers who may change the gallery see all of an identity. */
function seesAll({ scopes }: Caller): boolean {
  return scopes.has("gallery:write");
}

/** Browsers ask for it each time, so that a deleted face disappears from pages; while it is unchanged the answer has no body. */
function portraitReply(bytes: Uint8Array, request: HttpRequest): HttpReply {
  const etag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
  const headers = { "cache-control": "private, no-cache", etag };
  if (request.header("if-none-match") === etag) return { status: 304, headers };
  const reply = jpegReply(bytes);
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

/** A count in a query; text that is no number becomes NaN, which fails the check of its limits. */
function countOf(text: string | null): number | undefined {
  return text === null || text === "" ? undefined : Number(text);
}
