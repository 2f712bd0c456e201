import { StageFailure } from "@similarfaces/contracts";
import type { TraceContext } from "@similarfaces/runtime";
import type { Caller } from "../access/caller.js";
import type { HttpReply, HttpRequest } from "../http/http.js";
import type { Scope } from "../keys/scopes.js";

/** One request to a route. */
export interface Call {
  readonly request: HttpRequest;
  /** By the name in braces, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly caller: Caller;
  /** The parent of spans that the request causes. */
  readonly trace: TraceContext;
}

/** Who may ask (access/access.ts): keys with the scope; `any` key, where one is needed for everything; or everybody (`open`). */
export type RouteScope = Scope | "any" | "open";

export interface Route {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** As openapi.yaml writes it, "/v1/jobs/{jobId}"; a part in braces matches one segment, or the rest of it. */
  readonly path: string;
  readonly scope: RouteScope;
  /** @throws StageFailure, which becomes the answer */
  handle(call: Call): Promise<HttpReply> | HttpReply;
}

export interface Found {
  route: Route;
  params: Record<string, string>;
}

export interface Router {
  /** @throws StageFailure not_found, or MethodNotAllowed where the address takes other methods */
  find(method: string, path: string): Found;
}

/** `method_not_allowed`, with the methods that the address has. */
export class MethodNotAllowed extends StageFailure {
  readonly allowed: readonly string[];

  constructor(allowed: readonly string[]) {
    super("method_not_allowed", `This address takes ${allowed.join(", ")}.`);
    this.allowed = allowed;
  }
}

/** Routes are tried in the order given. */
export function createRouter(routes: readonly Route[]): Router {
  const compiled = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  return {
    find(method, path) {
      const allowed = new Set<string>();
      for (const { route, pattern } of compiled) {
        const match = pattern.exec(path);
        if (!match) continue;
        if (route.method === method) return { route, params: decoded(match.groups ?? {}) };
        allowed.add(route.method);
        if (route.method === "GET") allowed.add("HEAD");
      }
      throw allowed.size > 0 ? new MethodNotAllowed([...allowed]) : new StageFailure("not_found");
    },
  };
}

/** "/v1/faces/{faceId}.jpg" as an expression with one named group per part in braces. */
function patternOf(path: string): RegExp {
  const source = path
    .split(/(\{\w+\})/)
    .map((part) => (part.startsWith("{") ? `(?<${part.slice(1, -1)}>[^/]+)` : part.replace(/[.+*]/g, "\\$&")))
    .join("");
  return new RegExp(`^${source}$`);
}

function decoded(params: Record<string, string>): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(params).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
  } catch (cause) {
    throw new StageFailure("not_found", undefined, { cause });
  }
}
