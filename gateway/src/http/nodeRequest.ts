import type { IncomingMessage } from "node:http";
import { headersByName, type HeaderFields } from "./framing.js";
import type { HttpRequest } from "./http.js";

export function copyHead(message: IncomingMessage): {
  fields: HeaderFields;
  request: Omit<HttpRequest, "body">;
} {
  const { rawHeaders, url = "/" } = message;
  const fields = Array.from(
    { length: rawHeaders.length / 2 },
    (_, i) => [rawHeaders[2 * i]!.toLowerCase(), rawHeaders[2 * i + 1]!] as const,
  );
  const headers = headersByName(fields);
  const question = url.indexOf("?");
  return {
    fields,
    request: {
      method: message.method ?? "GET",
      path: question < 0 ? url : url.slice(0, question),
      query: new URLSearchParams(question < 0 ? "" : url.slice(question + 1)),
      remoteAddress: (message.socket.remoteAddress ?? "").replace(/^::ffff:/, ""),
      header: (name) => headers.get(name),
    },
  };
}
