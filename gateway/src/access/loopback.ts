import { isIP } from "node:net";
import type { HttpRequest } from "../http/http.js";

type Head = Pick<HttpRequest, "header" | "remoteAddress">;

/** Headers that proxies add; a proxy on this machine would make every client seem to be local. */
const FORWARDING_HEADERS = [
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-port",
  "x-forwarded-server",
  "x-forwarded-by",
  "x-forwarded-prefix",
  "x-original-forwarded-for",
  "x-original-host",
  "x-real-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "true-client-ip",
  "cf-connecting-ip",
];

/**
 * Whether the request comes from this machine: the connection, the Host and the Origin are all loopback's, and no proxy is in between. A page
 * whose name was rebound to this machine sends its own name as Host.
 */
export function isLocal(request: Head): boolean {
  const origin = request.header("origin");
  return (
    isLoopback(request.remoteAddress) &&
    isLoopback(hostName(request.header("host") ?? "")) &&
    (origin === undefined || isLoopback(originHost(origin))) &&
    FORWARDING_HEADERS.every((name) => request.header(name) === undefined)
  );
}

/** "[::1]:8080" is "::1", "Localhost.:80" is "localhost"; "" for what is no name with a port. */
export function hostName(host: string): string {
  const [, bracketed, plain] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:@/[\]]+))(?::\d*)?$/.exec(host) ?? [];
  return (bracketed ?? plain?.replace(/\.$/, "") ?? "").toLowerCase();
}

/** An address or a name, as `hostName` gives it. */
export function isLoopback(host: string): boolean {
  const address = host.toLowerCase().replace(/^::ffff:(?=\d+\.)/, "");
  if (address === "localhost" || address === "::1") return true;
  return isIP(address) === 4 && address.startsWith("127.");
}

/** "" for "null", the origin of sandboxed pages and files. */
function originHost(origin: string): string {
  return URL.canParse(origin) ? hostName(new URL(origin).host) : "";
}
