import type { About, Status } from "@similarfaces/contracts/api";
import type { Installation } from "./about.js";
import { jsonReply, textReply } from "../requests/replies.js";
import type { Route } from "../requests/router.js";

export interface SystemRoutesOptions {
  about: Installation;
  openApi: string;
  status(): Status;
  hasKeys(): boolean;
  /** As Gateway.unready. */
  unready(): string | undefined;
}

/** What the gateway says of itself. */
export function systemRoutes({ about, openApi, status, hasKeys, unready }: SystemRoutesOptions): Route[] {
  return [
    {
      method: "GET",
      path: "/v1/about",
      scope: "any",
      handle: ({ caller }) =>
        jsonReply<About>(200, { ...about, galleryKey: hasKeys(), scopes: [...caller.scopes] }),
    },
    { method: "GET", path: "/v1/status", scope: "any", handle: () => jsonReply<Status>(200, status()) },
    {
      method: "GET",
      path: "/v1/openapi.json",
      scope: "any",
      handle: () => ({
        status: 200,
        headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-cache" },
        body: openApi,
      }),
    },
    { method: "GET", path: "/healthz", scope: "open", handle: () => textReply(200, "ok") },
    {
      method: "GET",
      path: "/readyz",
      scope: "open",
      handle() {
        const why = unready();
        return why === undefined ? textReply(200, "ready") : textReply(503, `not ready: ${why}`);
      },
    },
  ];
}
