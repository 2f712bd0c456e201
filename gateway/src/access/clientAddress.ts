import { BlockList, isIP } from "node:net";
import type { Setting } from "@similarfaces/runtime";
import type { HttpRequest } from "../http/http.js";

export interface Proxies {
  trusts(address: string): boolean;
}

/** Addresses and networks ("10.0.0.0/8"), comma-separated, of the proxies whose X-Forwarded-For is believed. */
export const trustedProxiesSetting: Setting<Proxies> = {
  key: "TRUSTED_PROXIES",
  read: (value) => {
    const list = new BlockList();
    for (const entry of (value ?? "").split(",").map((part) => part.trim())) {
      if (entry !== "") add(list, entry);
    }
    return { trusts: (address) => isIP(address) !== 0 && list.check(address, family(address)) };
  },
};

/**
 * The client's address: the other end of the connection, or behind trusted proxies the one that they name. X-Forwarded-For is read from its
 * right end, where the nearest proxy wrote; the first that is no trusted proxy is the client, whatever is written before it.
 */
export function clientAddress(
  request: Pick<HttpRequest, "header" | "remoteAddress">,
  proxies: Proxies,
): string {
  let address = plain(request.remoteAddress);
  const hops = (request.header("x-forwarded-for") ?? "").split(",").map((hop) => plain(hop.trim()));
  while (proxies.trusts(address)) {
    const before = hops.pop();
    if (before === undefined || isIP(before) === 0) break;
    address = before;
  }
  return address;
}

/** What limits count as one client: an address, or of IPv6 the network of 64 bits that one customer has. */
export function networkOf(address: string): string {
  return isIP(address) === 6 ? `${expanded(address).slice(0, 4).join(":")}::/64` : address;
}

function add(list: BlockList, entry: string): void {
  const [address = "", bits, ...rest] = entry.split("/");
  const most = isIP(address) === 6 ? 128 : 32;
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN;
  if (isIP(address) === 0 || rest.length > 0 || !(prefix <= most)) {
    throw new Error("must be a list of addresses and networks, such as 10.0.0.0/8");
  }
  list.addSubnet(address, prefix, family(address));
}

const family = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4");

/** "::ffff:10.0.0.1" becomes "10.0.0.1"; brackets and ports, as some proxies write them, are removed. */
function plain(address: string): string {
  const [, bracketed] = /^\[([^\]]+)\](?::\d+)?$/.exec(address) ?? [];
  const [, withPort] = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(address) ?? [];
  return (bracketed ?? withPort ?? address).toLowerCase().replace(/^::ffff:(?=\d+\.)/, "");
}

/** The eight groups of an IPv6 address. */
function expanded(address: string): string[] {
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const before = groups(head);
  const after = groups(tail ?? "");
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => "0");
  return [...before, ...zeros, ...after].map((group) => group.replace(/^0+(?=.)/, ""));
}
