import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Metrics } from "./metrics.js";

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface HealthOptions {
  host: string;
  port: number;
  /** False makes the probe's owner restart the process. */
  healthy(): boolean;
  /** False keeps traffic away, no more. */
  ready(): boolean;
  metrics: Metrics;
}

/** /healthz, /readyz and /metrics of a service that has no other address. */
export async function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0];
    const answer = (status: number, body: string, type = "text/plain; charset=utf-8") => {
      response.writeHead(status, { "content-type": type });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405, "GET or HEAD only\n");
    if (path === "/healthz")
      return answer(options.healthy() ? 200 : 503, options.healthy() ? "ok\n" : "failed\n");
    if (path === "/readyz")
      return answer(options.ready() ? 200 : 503, options.ready() ? "ready\n" : "not ready\n");
    if (path === "/metrics") {
      options.metrics.scrape(request.headers.accept).then(
        ({ contentType, body }) => answer(200, body, contentType),
        () => answer(500, "the metrics could not be gathered\n"),
      );
      return;
    }
    answer(404, "this address has /healthz, /readyz and /metrics\n");
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  server.unref();
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
