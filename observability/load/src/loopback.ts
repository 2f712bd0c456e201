import { isIPv4 } from "node:net";

/** @throws RangeError where the gateway is not on the loopback interface: this is no tool against other people's servers */
export function checkedLoopback(url: string): string {
  const { hostname } = new URL(url);
  const isLoopback =
    hostname === "localhost" || hostname === "[::1]" || (isIPv4(hostname) && hostname.startsWith("127."));
  if (!isLoopback) throw new RangeError(`the load generator sends to this machine only, not to ${url}`);
  return url;
}
