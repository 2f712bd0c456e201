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

/** A scanner may invent methods; a label must not grow with them. */
const METHODS = ["GET", "POST", "PATCH", "DELETE", "PUT", "OPTIONS"];

/** One request to one reply: who asks, which route, what went wrong. Never rejects. */
export function createHandler(options: HandlerOptions): (request: HttpRequest) => Promise<HttpReply> {
  const { access, metrics, log } = options;
  return async (request) => {
    const startedAtMs = performance.now();
    const method = METHODS.includes(request.method) ? request.method : "OTHER";
    const asked: Asked = { route: "none" };
    let reply: HttpReply;
    try {
      reply = await answer(request, options, asked);
    } catch (error) {
      reply = refusal(error, access);
      const { code } = failureOf(error);
      const facts = { route: asked.route, method, traceId: asked.span?.context.traceId, code };
      if (code === "internal") log.error({ ...facts, err: error }, "a request failed");
      else log.debug(facts, "a request was refused");
      asked.span?.fail(code);
    }
    const labels = { route: asked.route, method };
    metrics.httpRequests.inc({ ...labels, status: String(reply.status) });
    if (!reply.stream) {
      metrics.httpDuration.observe(labels, (performance.now() - startedAtMs) / 1_000, asked.span?.context);
    }
    asked.span?.set({ "http.response.status_code": reply.status });
    asked.span?.end();
    return { ...reply, headers: { ...SECURITY_HEADERS, ...reply.headers } };
  };
}

/** What is found out about a request on the way to its answer. */
interface Asked {
  route: string;
  /** From the moment on that there is a route. */
  span?: Span;
}

async function answer(request: HttpRequest, options: HandlerOptions, asked: Asked): Promise<HttpReply> {
  const { router, site, access } = options;
  const startedAtMs = Date.now();
  const file = request.method === "GET" ? site.find(request) : undefined;
  if (file) {
    asked.route = "page";
    // What the page is made of is the same everywhere; what it is opened at needs the key where everything does.
    access.check(request, isDocument(file) ? "any" : "open");
    return file;
  }
  const { route, params } = findRoute(request, router, access);
  asked.route = route.path;
  const caller = access.check(request, route.scope);
  // Probes and scrapes come every few seconds and set nothing off.
  const tracing = route.path.startsWith("/v1/") ? options.tracing : TRACING_OFF;
  const span = tracing.start(`${route.method} ${route.path}`, {
    parent: parseTraceparent(request.header(TRACEPARENT), request.header(TRACESTATE)),
    kind: "server",
    startedAtMs,
    attributes: { "http.request.method": request.method, "http.route": route.path },
  });
  asked.span = span;
  return route.handle({ request, params, caller, trace: span.context });
}

function isDocument({ headers }: HttpReply): boolean {
  return headers["content-type"]?.startsWith("text/html") ?? false;
}

/** Who may not ask gets no answer to whether there is such an address either. */
function findRoute(request: HttpRequest, router: Router, access: Access): Found {
  try {
    return router.find(request.method, request.path);
  } catch (error) {
    access.check(request, "any");
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
