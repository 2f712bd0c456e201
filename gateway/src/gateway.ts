import { setMaxListeners } from "node:events";
import {
  TRACING_OFF,
  type Blobs,
  type Broker,
  type Log,
  type Metrics,
  type Tracing,
} from "@similarfaces/runtime";
import { readInstallation } from "./system/about.js";
import { Admission } from "./admission/admission.js";
import { createAccess, type Access } from "./access/access.js";
import { isLoopback } from "./access/loopback.js";
import { watchWrongKeys } from "./access/wrongKeys.js";
import type { GatewayConfig } from "./config.js";
import { openDeletions } from "./jobs/deletion.js";
import { enrolRoutes } from "./gallery/enrolRoutes.js";
import { Enrolment } from "./gallery/enrolment.js";
import { galleryClient } from "./gallery/galleryClient.js";
import { galleryRoutes } from "./gallery/galleryRoutes.js";
import type { HttpServer, LiveOptions } from "./http/http.js";
import { serve } from "./http/serve.js";
import { openKeyRing } from "./keys/keyRing.js";
import { openIntake } from "./jobs/intake.js";
import { jobRoutes } from "./jobs/jobRoutes.js";
import {
  BODY_BYTES_MAX,
  BODY_MS_MAX,
  BODY_WINDOW_MS,
  DRAIN_BYTES_MAX,
  DRAIN_MS_MAX,
  SOCKET_MESSAGE_BYTES_MAX,
} from "./requests/limits.js";
import { serveSocket } from "./relay/live.js";
import { openApiReader } from "./system/openapi.js";
import { Relay } from "./relay/relay.js";
import { createHandler, refusal } from "./requests/requestHandler.js";
import { createRouter, type Route } from "./requests/router.js";
import { SECURITY_HEADERS } from "./requests/securityHeaders.js";
import { followInstalledStages } from "./system/installedStages.js";
import { openSite } from "./system/site.js";
import { StageClock } from "./system/stageTimes.js";
import { statusNow } from "./system/status.js";
import { systemRoutes } from "./system/systemRoutes.js";
import { sweepUploads } from "./jobs/uploads.js";

export const LIVE_PATH = "/v1/live";

export interface GatewayOptions {
  config: GatewayConfig;
  broker: Broker;
  blobs: Blobs;
  log: Log;
  metrics: Metrics;
  tracing?: Tracing;
}

export interface Gateway {
  /** Its address on this machine. */
  readonly url: string;
  /** Which HTTP server serves. */
  readonly driver: string;
  /** Why it should get no requests, in words: it is shutting down, or the broker or the blob store is at fault. Undefined where all is well. */
  unready(): string | undefined;
  /** Accepts no more photos, and goes on delivering results. For a process that has the stages too, before they drain. */
  refuse(): void;
  /** Answers waiting requests with their jobs as they are, ends streams and sockets, and stops listening. May be called twice. */
  close(): Promise<void>;
}

/**
 * Starts to serve. Streams and consumers must be provisioned.
 * @throws Error if the address is taken, or the HTTP driver asked for cannot be had
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, broker, log, metrics, tracing = TRACING_OFF } = options;
  const { access, relay, installed, routes, refuse, close, abandon, unready } = await assemble(options);
  const refusalOf = (error: unknown) => {
    const reply = refusal(error, access);
    return { ...reply, headers: { ...SECURITY_HEADERS, ...reply.headers } };
  };
  const site = openSite(config.siteDir);
  const live: LiveOptions = {
    path: LIVE_PATH,
    admit(request) {
      try {
        const caller = access.check(request, "analyse");
        return (socket) => serveSocket(socket, caller, { relay, installed, metrics });
      } catch (error) {
        return refusalOf(error);
      }
    },
    messageBytesMax: SOCKET_MESSAGE_BYTES_MAX,
  };
  let server: HttpServer;
  try {
    server = await serve(config.httpDriver, {
      host: config.host,
      port: config.port,
      limits: {
        bodyBytesMax: BODY_BYTES_MAX,
        bodiesBytesMax: config.bodiesBytesMax,
        bodyMs: BODY_MS_MAX,
        bodyWindowMs: BODY_WINDOW_MS,
        drainBytesMax: DRAIN_BYTES_MAX,
        drainMs: DRAIN_MS_MAX,
      },
      handle: createHandler({ router: createRouter(routes), site, access, metrics, log, tracing }),
      refusal: (error) => {
        const reply = refusalOf(error);
        metrics.httpRequests.inc({ route: "none", method: "OTHER", status: String(reply.status) });
        return reply;
      },
      onFault: (err) => log.error({ err }, "a request met a bug"),
      onBodies: (bytes) => metrics.bodyBytes.set(bytes),
      live,
    });
  } catch (error) {
    await abandon();
    throw error;
  }
  const endSweep = sweepUploads({ blobs: options.blobs, log, ...config });
  const url = urlOf(config.host, server.port);
  log.info({ url, driver: server.description, natsServer: broker.serverVersion }, "serving");
  const open = whatIsOpen(config, access);
  if (open !== undefined) log.warn({ host: config.host }, open);
  return {
    url,
    driver: server.description,
    unready,
    refuse: () => {
      refuse();
      server.refuseBodies();
    },
    close() {
      endSweep();
      return close(server);
    },
  };
}

/** Connects all parts but the server. */
async function assemble(options: GatewayOptions) {
  const { config, broker, blobs, log, metrics, tracing = TRACING_OFF } = options;
  const { jobTtlMs, jobDeadlineMs, facesPerMessage, admissionWaitMs } = config;
  const keys = await openKeyRing(broker, log);
  const access = createAccess({ ...config, keys, wrongKeys: watchWrongKeys({ metrics, log }) });
  const installed = await followInstalledStages(broker, config.stages);
  const stages = () => installed.list();
  const relay = new Relay({ broker, metrics, log, jobTtlMs, jobDeadlineMs });
  keys.onChange(() => relay.recheckReaders());
  const admission = new Admission({ broker, blobs, stages, waitMaxMs: admissionWaitMs, metrics, log });
  const clock = new StageClock();
  const following = { relay, metrics, log, tracing, clock, blobs };
  const accepting = { broker, blobs, installed, jobTtlMs, jobDeadlineMs, facesPerMessage };
  const intake = openIntake({ admission, accepting, following, metrics });
  /** Requests that wait for a job are answered with the job as it is. */
  const leaving = new AbortController();
  // Each waiting request listens; beyond ten listeners Node warns of a leak.
  setMaxListeners(0, leaving.signal);
  const gallery = galleryClient(broker);
  const enrolment = new Enrolment({
    broker,
    intake,
    following,
    jobTtlMs,
    jobDeadlineMs,
    stages,
    enrolmentFloor: config.enrolmentFloor,
    leaving: leaving.signal,
  });
  const deletions = openDeletions({ broker, blobs, log });
  let closing: Promise<void> | undefined;
  let isRefusing = false;
  const unready = () => (isRefusing || closing ? "draining" : (broker.fault() ?? blobs.fault()));
  const refuse = () => {
    isRefusing = true;
    admission.refuse();
  };
  const routes: Route[] = [
    ...jobRoutes({ blobs, relay, metrics, intake, deletions, installed, leaving: leaving.signal }),
    ...galleryRoutes({ gallery, blobs }),
    ...enrolRoutes({ gallery, enrolment }),
    ...systemRoutes({
      about: await readInstallation(config, installed),
      installed,
      metrics,
      openApi: openApiReader(),
      status: () => statusNow({ broker, admission, clock, stages }),
      hasKeys: access.hasKeys,
      unready,
    }),
  ];
  /** Ends all but the server. */
  const abandon = async () => {
    admission.close();
    await deletions.close();
    relay.close();
    installed.close();
    keys.close();
  };
  const close = (server: HttpServer): Promise<void> =>
    (closing ??= (async () => {
      refuse();
      leaving.abort();
      await server.close();
      await abandon();
    })());
  return { access, relay, installed, routes, refuse, close, abandon, unready };
}

/** For the log, where the gateway is reached from other machines without a key. */
function whatIsOpen({ host, apiKeyFor }: GatewayConfig, { hasKeys }: Access): string | undefined {
  if (isLoopback(host) || hasKeys()) return undefined;
  return apiKeyFor === "everything"
    ? "there is no key: nobody gets in but from this machine; make one with `npm run keys -- create`, or set API_KEY"
    : "there is no key: whoever reaches this address may have photos analysed; the gallery is open to this machine alone. Make a key with `npm run keys -- create`, or set API_KEY";
}

function urlOf(host: string, port: number): string {
  // Nobody can connect to a wildcard.
  const name = isLoopback(host) || !/^(0\.0\.0\.0|::)$/.test(host) ? host : "127.0.0.1";
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}
