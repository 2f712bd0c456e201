import type { Log, Metrics } from "@similarfaces/runtime";
import type { Access } from "./access.js";
import { failureOf, replyOfFailure } from "./failures.js";
import type { HttpReply, HttpRequest } from "./http/http.js";
import { MethodNotAllowed, type Found, type Router } from "./router.js";
import { SECURITY_HEADERS } from "./securityHeaders.js";
import type { Site } from "./site.js";

export interface HandlerOptions {
  router: Router;
  site: Site;
  access: Access;
  metrics: Metrics;
  log: Log;
}

/** A scanner may invent methods; a label must not grow with them. */
const METHODS = ["GET", "POST", "PATCH", "DELETE", "PUT", "OPTIONS"];

/** One request to one reply: who asks, which route, what went wrong. Never rejects. */
export function createHandler(options: HandlerOptions): (request: HttpRequest) => Promise<HttpReply> {
  const { access, metrics, log } = options;
  return async (request) => {
    const startedAtMs = performance.now();
    const labels = { route: "none", method: METHODS.includes(request.method) ? request.method : "OTHER" };
    let reply: HttpReply;
    try {
      reply = await answer(request, options, (route) => (labels.route = route));
    } catch (error) {
      reply = refusal(error, access);
      if (failureOf(error).code === "internal") log.error({ err: error, ...labels }, "a request failed");
    }
    metrics.httpRequests.inc({ ...labels, status: String(reply.status) });
    if (!reply.stream) metrics.httpDuration.observe(labels, (performance.now() - startedAtMs) / 1_000);
    return { ...reply, headers: { ...SECURITY_HEADERS, ...reply.headers } };
  };
}

async function answer(
  request: HttpRequest,
  { router, site, access }: HandlerOptions,
  label: (route: string) => void,
): Promise<HttpReply> {
  const file = request.method === "GET" ? site.find(request) : undefined;
  if (file) {
    label("page");
    access.check(request, "open");
    return file;
  }
  const { route, params } = findRoute(request, router, access);
  label(route.path);
  access.check(request, route.guard ?? "open");
  return route.handle({ request, params });
}

/** Who may not ask gets no answer to whether there is such an address either. */
function findRoute(request: HttpRequest, router: Router, access: Access): Found {
  try {
    return router.find(request.method, request.path);
  } catch (error) {
    access.check(request, "open");
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
