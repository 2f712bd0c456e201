import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Metrics } from "../telemetry/metrics.js";

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface HealthOptions {
  host: string;
  /** 0 for any free one; a fixed one that is taken is an error. Undefined takes `usualPort`, or the first free one after it. */
  port: number | undefined;
  /** Undefined: any free one. */
  usualPort: number | undefined;
  /** False makes whoever probes /healthz restart the process. */
  healthy(): boolean;
  /** Why it takes no work now, in words; undefined where it is ready. This only keeps traffic away; the process is not restarted. */
  unready(): string | undefined;
  metrics: Metrics;
}

/** Ports from the usual one on that are tried where several run on one machine; after these, any free one is taken. */
const PORTS_TRIED = 20;

/** Serves /healthz, /readyz and /metrics on a port of their own, which visitors do not reach. */
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
    if (path === "/readyz") {
      const why = options.unready();
      return why === undefined ? answer(200, "ready\n") : answer(503, `not ready: ${why}\n`);
    }
    if (path === "/metrics") {
      options.metrics.scrape(request.headers.accept).then(
        ({ contentType, body }) => answer(200, body, contentType),
        () => answer(500, "the metrics could not be gathered\n"),
      );
      return;
    }
    answer(404, "this address has /healthz, /readyz and /metrics\n");
  });
  await listen(server, options);
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

async function listen(server: Server, { host, port, usualPort }: HealthOptions): Promise<void> {
  if (port !== undefined || usualPort === undefined) return listenAt(server, host, port ?? 0);
  for (let offset = 0; offset < PORTS_TRIED; offset++) {
    try {
      return await listenAt(server, host, usualPort + offset);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
  return listenAt(server, host, 0);
}

function listenAt(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
