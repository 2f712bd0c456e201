import type { About, Analyzers, Status } from "@similarfaces/contracts/api";
import type { Metrics } from "@similarfaces/runtime";
import type { Installation } from "./about.js";
import { streamAnalyzers } from "../relay/analyzerNews.js";
import { wantsEvents } from "../relay/eventStream.js";
import { jsonReply, textReply } from "../requests/replies.js";
import type { Route } from "../requests/router.js";
import type { InstalledStages } from "./installedStages.js";

export interface SystemRoutesOptions {
  about(): Installation;
  installed: InstalledStages;
  metrics: Metrics;
  openApi(): Promise<string>;
  status(): Status;
  hasKeys(): boolean;
  /** As Gateway.unready. */
  unready(): string | undefined;
}

/** About the installation, and its state. */
export function systemRoutes(options: SystemRoutesOptions): Route[] {
  const { about, installed, metrics, openApi, status, hasKeys, unready } = options;
  return [
    {
      method: "GET",
      path: "/v1/about",
      scope: "any",
      handle: ({ caller }) =>
        jsonReply<About>(200, { ...about(), galleryKey: hasKeys(), scopes: [...caller.scopes] }),
    },
    {
      method: "GET",
      path: "/v1/analyzers",
      scope: "any",
      handle: ({ request }) =>
        wantsEvents(request)
          ? streamAnalyzers(installed, metrics)
          : jsonReply<Analyzers>(200, { analyzers: installed.analyzers() }),
    },
    { method: "GET", path: "/v1/status", scope: "any", handle: () => jsonReply<Status>(200, status()) },
    {
      method: "GET",
      path: "/v1/openapi.json",
      scope: "any",
      handle: async () => ({
        status: 200,
        headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-cache" },
        body: await openApi(),
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
