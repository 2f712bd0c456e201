import { StageFailure } from "@similarfaces/contracts";
import {
  TRACEPARENT,
  TRACESTATE,
  TRACING_OFF,
  parseTraceparent,
  type Log,
  type Metrics,
  type Span,
  type Tracing,
} from "@similarfaces/runtime";
import type { Access } from "../access/access.js";
import { failureOf, replyOfFailure } from "./failures.js";
import type { HttpReply, HttpRequest } from "../http/http.js";
import { MethodNotAllowed, type Found, type Router } from "./router.js";
import { SECURITY_HEADERS } from "./securityHeaders.js";
import type { Site } from "../system/site.js";

export interface HandlerOptions {
  router: Router;
  site: Site;
  access: Access;
  metrics: Metrics;
  log: Log;
  tracing: Tracing;
}

/** Other methods are counted as OTHER: scanners invent them, and a label's values must be bounded. */
const METHODS = ["GET", "POST", "PATCH", "DELETE", "PUT", "OPTIONS"];

/** Answers a request: checks who sent it, finds its route, and makes failures into replies. Never rejects. */
export function createHandler(options: HandlerOptions): (request: HttpRequest) => Promise<HttpReply> {
  const { access, metrics, log } = options;
  return async (request) => {
    const startedAtMs = performance.now();
    const method = METHODS.includes(request.method) ? request.method : "OTHER";
    const progress: Progress = { route: "none" };
    let reply: HttpReply;
    try {
      reply = await answer(request, options, progress);
    } catch (error) {
      reply = refusal(error, access);
      const { code } = failureOf(error);
      const facts = { route: progress.route, method, traceId: progress.span?.context.traceId, code };
      if (code === "internal") log.error({ ...facts, err: error }, "a request failed");
      else log.debug(facts, "a request was refused");
      progress.span?.fail(code);
    }
    const labels = { route: progress.route, method };
    metrics.httpRequests.inc({ ...labels, status: String(reply.status) });
    if (!reply.stream) {
      metrics.httpDuration.observe(labels, (performance.now() - startedAtMs) / 1_000, progress.span?.context);
    }
    progress.span?.set({ "http.response.status_code": reply.status });
    progress.span?.end();
    return { ...reply, headers: { ...SECURITY_HEADERS, ...reply.headers } };
  };
}

/** What is known of a request on the way to its answer. */
interface Progress {
  route: string;
  /** Once the route is found. */
  span?: Span;
}

async function answer(request: HttpRequest, options: HandlerOptions, progress: Progress): Promise<HttpReply> {
  const { router, site, access } = options;
  const startedAtMs = Date.now();
  const file = request.method === "GET" ? site.find(request) : undefined;
  if (file) {
    progress.route = "page";
    // Scripts and styles of the page are the same in every installation; the page itself needs a key where everything does.
    access.check(request, isDocument(file) ? "any" : "open");
    return file;
  }
  const found = findRoute(request, router, access);
  if (!found) {
    const nothing = request.method === "GET" ? site.nothingAt(request.path) : undefined;
    if (!nothing) throw new StageFailure("not_found");
    return nothing;
  }
  const { route, params } = found;
  progress.route = route.path;
  const caller = access.check(request, route.scope);
  // Probes come every few seconds, and no trace of them is of use.
  const tracing = route.path.startsWith("/v1/") ? options.tracing : TRACING_OFF;
  const span = tracing.start(`${route.method} ${route.path}`, {
    parent: parseTraceparent(request.header(TRACEPARENT), request.header(TRACESTATE)),
    kind: "server",
    startedAtMs,
    attributes: { "http.request.method": request.method, "http.route": route.path },
  });
  progress.span = span;
  return route.handle({ request, params, caller, trace: span.context });
}

function isDocument({ headers }: HttpReply): boolean {
  return headers["content-type"]?.startsWith("text/html") ?? false;
}

/** Undefined where nothing is at the address; a caller without access is not told so. */
function findRoute(request: HttpRequest, router: Router, access: Access): Found | undefined {
  try {
    return router.find(request.method, request.path);
  } catch (error) {
    access.check(request, "any");
    if (failureOf(error).code === "not_found") return undefined;
    throw error;
  }
}

export function refusal(error: unknown, { challenge }: Access): HttpReply {
  const reply = replyOfFailure(error);
  return {
    ...reply,
    headers: {
      ...reply.headers,
      ...(reply.status === 401 ? { "www-authenticate": challenge } : {}),
      ...(error instanceof MethodNotAllowed ? { allow: error.allowed.join(", ") } : {}),
    },
  };
}
