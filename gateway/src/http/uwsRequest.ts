import type { HttpResponse } from "uWebSockets.js";
import { headersByName, type HeaderFields } from "./framing.js";
import type { HttpRequest } from "./http.js";

/** Each build has one of the two. */
export interface UwsRequest {
  getMethod(): string;
  getUrl(): string;
  getQuery(): string;
  forEach?(each: (name: string, value: string) => void): void;
  forEachHeader?(each: (name: string, value: string) => void): void;
}

export interface Head {
  fields: HeaderFields;
  request: Omit<HttpRequest, "body">;
}

/** uWS's request lives on the stack of its handler: everything is copied out at once. */
export function copyHead(req: UwsRequest, res: HttpResponse): Head {
  const fields: (readonly [string, string])[] = [];
  const keep = (name: string, value: string): void => void fields.push([name, value]);
  if (req.forEach) req.forEach(keep);
  else req.forEachHeader?.(keep);
  const headers = headersByName(fields);
  return {
    fields,
    request: {
      method: req.getMethod().toUpperCase(),
      path: req.getUrl(),
      query: new URLSearchParams(req.getQuery()),
      remoteAddress: plainAddress(Buffer.from(res.getRemoteAddressAsText()).toString()),
      header: (name) => headers.get(name),
    },
  };
}

/** uWS writes all of an IPv6 address's zeros; where it listens on both, IPv4 comes inside one. */
export function plainAddress(address: string): string {
  if (/^(0+:){7}0*1$/.test(address)) return "::1";
  const mapped = /^(?:0+:){5}ffff:([0-9a-f]{2})([0-9a-f]{2}):([0-9a-f]{2})([0-9a-f]{2})$/i.exec(address);
  return mapped
    ? mapped
        .slice(1)
        .map((byte) => Number.parseInt(byte, 16))
        .join(".")
    : address;
}
