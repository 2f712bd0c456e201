import type { Msg } from "nats";
import {
  GALLERY_OPERATIONS,
  FacePresenceSchema,
  FailureSchema,
  GALLERY_QUEUE,
  GalleryReplySchema,
  GalleryRequestSchema,
  NamesakesSchema,
  StageFailure,
  create,
  fromBinary,
  gallerySubject,
  toBinary,
  type GalleryReply,
  type GalleryRequest,
} from "@similarfaces/contracts";
import { TRACING_OFF, traceOfHeaders, type Broker, type Log, type Tracing } from "@similarfaces/runtime";
import { badRequest } from "../operations/checks.js";
import type { Gallery } from "../operations/gallery.js";
import { matchesOf, type Likeness } from "../stages/likeness.js";

export interface GalleryServiceOptions {
  broker: Broker;
  gallery: Gallery;
  likeness: Likeness | undefined;
  log: Log;
  tracing?: Tracing;
}

export interface GalleryService {
  /** Stops taking requests and answers those that have come. */
  drain(): Promise<void>;
}

type Operation = Exclude<GalleryRequest["operation"], { case: undefined }>;
type Reply = GalleryReply["reply"];

/** A message of the broker holds 1 MiB, headers included. */
const REPLY_BYTES_MAX = 1_000_000;
/** Replies go to an inbox, whoever the user is; a delivery of JetStream has no reply subject, or that of its acknowledgement. */
const INBOX = "_INBOX";

/**
 * Answers gallery requests; each goes to one of the replicas. Every error comes back as the reply's `failure`.
 */
export function serveGallery(options: GalleryServiceOptions): GalleryService {
  const { broker, gallery, likeness, log, tracing = TRACING_OFF } = options;
  const open = new Set<Promise<void>>();
  const subscriptions = GALLERY_OPERATIONS.map((operation) =>
    broker.nc.subscribe(gallerySubject(operation), {
      queue: GALLERY_QUEUE,
      callback: (error, message) => {
        if (error) return log.error({ operation, err: error }, "the gallery's subscription failed");
        // A stage could make the broker deliver a stored message on this subject, past the rights of its own user: a request
        // comes with an inbox, such a delivery never.
        if (!message.reply?.startsWith(INBOX))
          return log.warn({ operation }, "a gallery request without an inbox");
        accept(message);
      },
    }),
  );

  function accept(message: Msg): void {
    const answering = answer(message);
    open.add(answering);
    void answering.then(() => open.delete(answering));
  }

  async function answer(message: Msg): Promise<void> {
    message.respond(await answerTo(message));
  }

  /** Never rejects. */
  async function answerTo({ data, headers }: Msg): Promise<Uint8Array> {
    const startedAtMs = Date.now();
    const parent = traceOfHeaders(headers);
    let operation = "unknown";
    let failed: string | undefined;
    try {
      const request = operationOf(data);
      operation = request.case;
      return await replyInBounds(request);
    } catch (error) {
      const failure =
        error instanceof StageFailure ? error : new StageFailure("internal", undefined, { cause: error });
      const { code, message, retryable } = failure;
      failed = code;
      log[code === "internal" ? "error" : "info"](
        { operation, traceId: parent?.traceId, code, err: failure },
        "a gallery request failed",
      );
      return bytesOf({ case: "failure", value: create(FailureSchema, { code, message, retryable }) });
    } finally {
      if (parent?.sampled) {
        const span = tracing.start(`gallery ${operation}`, { parent, kind: "server", startedAtMs });
        if (failed !== undefined) span.fail(failed);
        span.end();
      }
    }
  }

  /** Identities with very many faces: fewer of them come on a page, so that it fits into a message. */
  async function replyInBounds(request: Operation): Promise<Uint8Array> {
    const bytes = bytesOf(await perform(request));
    if (bytes.length <= REPLY_BYTES_MAX) return bytes;
    if (request.case === "list" && request.value.pageSize > 1) {
      const pageSize = Math.ceil(request.value.pageSize / 4);
      return replyInBounds({ case: "list", value: { ...request.value, pageSize } });
    }
    throw badRequest("this identity has more faces than an answer holds: export the gallery instead");
  }

  async function perform({ case: operation, value }: Operation): Promise<Reply> {
    switch (operation) {
      case "list":
        return { case: operation, value: await gallery.list(value) };
      case "get":
        return { case: operation, value: await gallery.get(value.identityId) };
      case "search": {
        const nearest = await gallery.search(value, value.count);
        return { case: operation, value: matchesOf(nearest, likeness, value.minLikelihood) };
      }
      case "rename":
        return { case: operation, value: await gallery.rename(value.identityId, value.name) };
      case "merge":
        return { case: operation, value: await gallery.merge(value.fromIdentityId, value.intoIdentityId) };
      case "deleteIdentity":
        return { case: operation, value: await gallery.deleteIdentity(value.identityId) };
      case "deleteFace":
        return { case: operation, value: await gallery.deleteFace(value.faceId) };
      case "statistics":
        return { case: operation, value: await gallery.statistics() };
      case "export":
        return { case: operation, value: await gallery.exportFaces(value) };
      case "import":
        return { case: operation, value: await gallery.importFaces(value.faces) };
      case "named": {
        const identities = await gallery.named(value.name);
        return { case: operation, value: create(NamesakesSchema, { identities }) };
      }
      case "hasFace": {
        const present = await gallery.hasFace(value.faceId);
        return { case: operation, value: create(FacePresenceSchema, { present }) };
      }
    }
  }

  return {
    async drain() {
      await Promise.all(subscriptions.map((subscription) => subscription.drain().catch(() => {})));
      await Promise.all(open);
    },
  };
}

function bytesOf(reply: Reply): Uint8Array {
  return toBinary(GalleryReplySchema, create(GalleryReplySchema, { reply }));
}

/** @throws StageFailure malformed_message */
function operationOf(data: Uint8Array): Operation {
  let request: GalleryRequest;
  try {
    request = fromBinary(GalleryRequestSchema, data);
  } catch (cause) {
    throw new StageFailure("malformed_message", undefined, { cause });
  }
  if (request.operation.case === undefined) {
    throw new StageFailure("malformed_message", "a gallery request without an operation");
  }
  return request.operation;
}
