import { isIP } from "node:net";
import { StageFailure } from "@similarfaces/contracts";
import type { HttpRequest } from "../http/http.js";
import { digestOf, isDigestOf, keyIdOf } from "../keys/keyText.js";
import type { KeyRing } from "../keys/keyRing.js";
import { SCOPES, granted, type Scope } from "../keys/scopes.js";
import { isShareToken, shareTokenOf } from "../keys/shareToken.js";
import type { RouteScope } from "../requests/router.js";
import type { Caller } from "./caller.js";
import { clientAddress, type Proxies } from "./clientAddress.js";
import { hostName, isLocal, isLoopback } from "./loopback.js";
import type { WrongKeys } from "./wrongKeys.js";

export interface AccessOptions {
  /** The address that is listened on. */
  host: string;
  apiKey: string | undefined;
  apiKeyFor: "gallery" | "everything";
  allowedHosts: readonly string[];
  trustedProxies: Proxies;
  jobTtlMs: number;
  keys: Pick<KeyRing, "find" | "size" | "shareSecret">;
  wrongKeys: WrongKeys;
}

type Head = Omit<HttpRequest, "body">;

export interface Access {
  /**
   * Checks a request's Host, Origin and key, and returns who sent it.
   * @throws StageFailure bad_request for a foreign Host or Origin, unauthorized without a key or with a wrong one, forbidden with
   * a key that is for other things, too_many_attempts after many wrong ones
   */
  check(request: Head, scope: RouteScope): Caller;
  /** Whether there is any key now. */
  hasKeys(): boolean;
  /** How a client is asked for the key. */
  readonly challenge: string;
}

const LOOPBACK_NAMES = ["localhost"];
const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];
/** The owner of jobs that were made with API_KEY. */
const API_KEY_ID = "api-key";
/** Characters of an API_KEY: a shorter one may be found by trying words. */
const UNGUESSABLE_CHARACTERS = 32;
const NO_SCOPES: ReadonlySet<Scope> = new Set();
const ALL_SCOPES = granted(SCOPES);
/** A WebSocket's upgrade is a GET that a foreign page may send with the visitor's rights. */
const isUpgrade = (request: Head) => request.header("upgrade") !== undefined;

/**
 * Who may ask for what. Against DNS rebinding (a foreign name that resolves to this machine), a gateway on loopback accepts loopback's own names
 * only; an address in the Host header cannot be rebound and is always accepted. Against cross-site requests, a request that changes state
 * or opens a socket must come from the gateway's own pages, or from no page.
 */
export function createAccess(options: AccessOptions): Access {
  const { host, apiKey, apiKeyFor, allowedHosts, trustedProxies, jobTtlMs, keys, wrongKeys } = options;
  const names = new Set([...LOOPBACK_NAMES, ...allowedHosts.map((name) => name.toLowerCase())]);
  const anyName = names.has("*") || (allowedHosts.length === 0 && !isLoopback(host));
  const apiKeyDigest = apiKey === undefined ? undefined : digestOf(apiKey);
  const isUnguessable = (apiKey?.length ?? 0) >= UNGUESSABLE_CHARACTERS;
  const closed = apiKeyFor === "everything";
  const hasKeys = () => apiKeyDigest !== undefined || keys.size > 0;
  return {
    // With a key for everything, a browser asks for it by itself and sends it along with pictures and sockets too.
    challenge: closed ? 'Basic realm="similarfaces", charset="UTF-8"' : "Bearer",
    hasKeys,
    check(request, scope) {
      checkHost(request);
      if (!SAFE_METHODS.includes(request.method) || isUpgrade(request)) checkOrigin(request);
      const address = clientAddress(request, trustedProxies);
      // Probes of a cluster have no key, and the page's own files are public.
      if (scope === "open") return callerOf(undefined, address, NO_SCOPES, undefined);
      const caller = identify(request, address);
      if (!mayAsk(request, caller, scope)) throw refusal(caller);
      return caller;
    },
  };

  function checkHost(request: Head): void {
    const name = hostName(request.header("host") ?? "");
    if (anyName || isIP(name) !== 0 || names.has(name)) return;
    throw new StageFailure("bad_request", "This name is none of the gateway's; see ALLOWED_HOSTS.");
  }

  function checkOrigin(request: Head): void {
    const origin = request.header("origin");
    if (origin === undefined) return;
    const own = request.header("host")?.toLowerCase();
    if (URL.canParse(origin) && new URL(origin).host === own) return;
    throw new StageFailure("bad_request", "A page of another site may not ask for this.");
  }

  /** By its key, or with the scopes that need none. */
  function identify(request: Head, address: string): Caller {
    const share = request.query.get("share") ?? undefined;
    const given = hasKeys() ? keyOf(request.header("authorization") ?? "") : undefined;
    if (given === undefined) return callerOf(undefined, address, scopesWithoutKey(request), share);
    const keyId = keyIdOf(given);
    const found = keyId === undefined ? undefined : keys.find(keyId);
    if (found && isDigestOf(found.digest, given)) {
      return callerOf(found.id, address, granted(found.scopes), share);
    }
    const isApiKey = apiKeyDigest !== undefined && isDigestOf(apiKeyDigest, given);
    // A client that guesses must not find out which guess was right. Keys that cannot be guessed are accepted even then, for the sake of others
    // with the same address.
    if (!(isApiKey && isUnguessable)) wrongKeys.checkMayTry(address);
    if (isApiKey) return callerOf(API_KEY_ID, address, ALL_SCOPES, share);
    wrongKeys.record(address, keyId);
    throw new StageFailure("unauthorized", "This is not one of the gateway's keys.");
  }

  function scopesWithoutKey(request: Head): ReadonlySet<Scope> {
    if (!hasKeys() && isLocal(request)) return ALL_SCOPES;
    if (closed) return NO_SCOPES;
    // Once there is a key, the gallery is readable for everybody, or with API_KEY_FOR=everything for those with a key.
    return granted(hasKeys() ? ["analyse", "gallery:read"] : ["analyse"]);
  }

  function mayAsk(request: Head, caller: Caller, scope: Exclude<RouteScope, "open">): boolean {
    if (scope === "any" ? caller.scopes.size > 0 : caller.scopes.has(scope)) return true;
    // A share link opens its job, and the page that shows it.
    return (
      (scope === "any" || scope === "analyse") && SAFE_METHODS.includes(request.method) && isShared(request)
    );
  }

  function isShared({ path, query }: Head): boolean {
    const jobId = /^(?:\/v1)?\/jobs\/([^/]+)(?:\/|$)/.exec(path)?.[1] ?? query.get("job") ?? "";
    return isShareToken(keys.shareSecret, jobId, query.get("share") ?? "", jobTtlMs);
  }

  function callerOf(
    keyId: string | undefined,
    address: string,
    scopes: ReadonlySet<Scope>,
    requestShare: string | undefined,
  ): Caller {
    const isOwner = (owner: string) => owner === keyId && isLive(owner);
    return {
      keyId,
      address,
      scopes,
      mayRead(jobId, owner, share = requestShare) {
        if (owner === undefined || isOwner(owner)) return true;
        return share !== undefined && isLive(owner) && isShareToken(keys.shareSecret, jobId, share, jobTtlMs);
      },
      mayDelete: (_, owner) => owner === undefined || isOwner(owner),
      shareToken: (jobId, owner) =>
        owner !== undefined && isOwner(owner) ? shareTokenOf(keys.shareSecret, jobId) : undefined,
    };
  }

  /** A revoked key still owns its jobs, so that nobody can read them. */
  function isLive(owner: string): boolean {
    return owner === API_KEY_ID ? apiKeyDigest !== undefined : keys.find(owner) !== undefined;
  }

  function refusal({ keyId }: Caller): StageFailure {
    if (keyId !== undefined) return new StageFailure("forbidden");
    return hasKeys()
      ? new StageFailure("unauthorized")
      : new StageFailure(
          "unauthorized",
          closed
            ? "There is no key yet, and API_KEY_FOR=everything asks for one: set API_KEY, or make one with `npm run keys`."
            : "Without a key the gallery is for the gateway's own machine alone: set API_KEY, or make a key with `npm run keys`.",
        );
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
