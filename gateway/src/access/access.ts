import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { StageFailure } from "@similarfaces/contracts";
import type { HttpRequest } from "./http/http.js";
import type { Guard } from "./router.js";

export interface AccessOptions {
  /** The address that is listened on. */
  host: string;
  apiKey: string | undefined;
  apiKeyFor: "gallery" | "everything";
  allowedHosts: readonly string[];
}

export interface Access {
  /**
   * Lets a request through by its Host, its Origin and its key.
   * @throws StageFailure bad_request for a foreign Host or Origin, unauthorized without the key
   */
  check(request: Omit<HttpRequest, "body">, guard: Guard): void;
  /** How a client is asked for the key. */
  readonly challenge: string;
}

const LOOPBACK_NAMES = ["localhost"];
/** Probes of a cluster have no key. */
const PROBES = ["/healthz", "/readyz"];
const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];
/** A WebSocket's upgrade is a GET that a foreign page may send with the visitor's rights. */
const isUpgrade = (request: Omit<HttpRequest, "body">) => request.header("upgrade") !== undefined;

/**
 * Who may ask for what. Against DNS rebinding (a foreign name that has come to mean this machine), a gateway on loopback answers to
 * loopback's own names only; an address in the Host header cannot be rebound and is always taken. Against cross-site
 * requests, whatever changes something or opens a socket must come from the gateway's own pages, or from no page.
 */
export function createAccess({ host, apiKey, apiKeyFor, allowedHosts }: AccessOptions): Access {
  const names = new Set([...LOOPBACK_NAMES, ...allowedHosts.map((name) => name.toLowerCase())]);
  const anyName = names.has("*") || (allowedHosts.length === 0 && !isLoopback(host));
  const digest = apiKey === undefined ? undefined : sha256(apiKey);
  return {
    // With a key for everything, a browser asks for it by itself and sends it along with pictures and sockets too.
    challenge: apiKeyFor === "everything" ? 'Basic realm="similarfaces", charset="UTF-8"' : "Bearer",
    check(request, guard) {
      checkHost(request);
      if (!SAFE_METHODS.includes(request.method) || isUpgrade(request)) checkOrigin(request);
      if (PROBES.includes(request.path)) return;
      if (guard === "gallery" || (digest && apiKeyFor === "everything")) checkKey(request);
    },
  };

  function checkHost(request: Omit<HttpRequest, "body">): void {
    const name = hostName(request.header("host") ?? "");
    if (anyName || isIP(name) !== 0 || names.has(name)) return;
    throw new StageFailure("bad_request", "This name is none of the gateway's; see ALLOWED_HOSTS.");
  }

  function checkOrigin(request: Omit<HttpRequest, "body">): void {
    const origin = request.header("origin");
    if (origin === undefined) return;
    const own = request.header("host")?.toLowerCase();
    if (URL.canParse(origin) && new URL(origin).host === own) return;
    throw new StageFailure("bad_request", "A page of another site may not ask for this.");
  }

  function checkKey(request: Omit<HttpRequest, "body">): void {
    if (digest === undefined) {
      if (isLoopback(request.remoteAddress) && !isForwarded(request)) return;
      throw new StageFailure(
        "unauthorized",
        "Without an API_KEY the gallery is changed from its own machine only.",
      );
    }
    const given = keyOf(request.header("authorization") ?? "");
    if (given === undefined || !timingSafeEqual(sha256(given), digest))
      throw new StageFailure("unauthorized");
  }
}

/** The key of `Bearer <key>`, or the password of `Basic`, whatever the name. */
function keyOf(authorization: string): string | undefined {
  // A key may have spaces in it.
  const [, scheme = "", credentials = ""] = /^(\S+) +(.*)$/.exec(authorization) ?? [];
  if (/^bearer$/i.test(scheme)) return credentials;
  if (!/^basic$/i.test(scheme)) return undefined;
  const pair = Buffer.from(credentials, "base64").toString("utf8");
  return pair.slice(pair.indexOf(":") + 1);
}

/** "[::1]:8080" is "::1", "Localhost:80" is "localhost". */
function hostName(host: string): string {
  const bracketed = /^\[([^\]]+)\]/.exec(host);
  return (bracketed?.[1] ?? host.replace(/:\d*$/, "")).toLowerCase();
}

export function isLoopback(address: string): boolean {
  return address === "::1" || address.toLowerCase() === "localhost" || address.startsWith("127.");
}

/** A proxy on this machine makes everybody look local. */
function isForwarded(request: Omit<HttpRequest, "body">): boolean {
  return request.header("x-forwarded-for") !== undefined || request.header("forwarded") !== undefined;
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
