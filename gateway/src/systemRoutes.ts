import type { Metrics } from "@similarfaces/runtime";
import type { About } from "./about.js";
import { jsonReply, textReply } from "./replies.js";
import type { Route } from "./router.js";
import type { Status } from "./status.js";

export interface SystemRoutesOptions {
  metrics: Metrics;
  about: About;
  openApi: string;
  status(): Status;
  /** False keeps traffic away: no broker, or draining. */
  ready(): boolean;
}

/** What the gateway says of itself. */
export function systemRoutes({ metrics, about, openApi, status, ready }: SystemRoutesOptions): Route[] {
  return [
    { method: "GET", path: "/v1/about", handle: () => jsonReply(200, about) },
    { method: "GET", path: "/v1/status", handle: () => jsonReply(200, status()) },
    {
      method: "GET",
      path: "/v1/openapi.json",
      handle: () => ({
        status: 200,
        headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-cache" },
        body: openApi,
      }),
    },
    { method: "GET", path: "/healthz", handle: () => textReply(200, "ok") },
    {
      method: "GET",
      path: "/readyz",
      handle: () => (ready() ? textReply(200, "ready") : textReply(503, "not ready")),
    },
    {
      method: "GET",
      path: "/metrics",
      async handle({ request }) {
        const { contentType, body } = await metrics.scrape(request.header("accept"));
        return { status: 200, headers: { "content-type": contentType, "cache-control": "no-store" }, body };
      },
    },
  ];
}
