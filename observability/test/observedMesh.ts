import { readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { runLoad, type LoadReport } from "@similarfaces/load";
import type { JobView } from "@similarfaces/contracts";
import { startTestMesh, type TestMesh } from "../../services/mesh/test/mesh.js";
import { startExporters, type Exporters } from "./exporters.js";
import { startOtlpReceiver, type OtlpReceiver } from "./otlpReceiver.js";
import { startPrometheus, type PrometheusServer } from "./prometheusServer.js";
import { PROMETHEUS_FOLDER } from "./rules.js";

export const PHOTOS = new URL("../../models/samples/photos/", import.meta.url);
/** Nobody's name: what must be found nowhere. */
export const NAME = "Zebulon Quixworth";
export const CONSENT = "said yes to Zebulon's own test";

export const OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
/** Of a poll, for what takes its time to arrive. */
export const WAIT = { timeout: 20_000, interval: 200 };

/** A mesh that has worked, with everything that watches it. */
export interface ObservedMesh {
  mesh: TestMesh;
  collector: OtlpReceiver;
  prometheus: PrometheusServer | undefined;
  /** One photo with a trace of the caller's own, and what became of it. */
  traced: { traceId: string; parentSpanId: string; job: JobView };
  /** A job that failed: what it sent had a photo's header and no photo. */
  failed: { traceId: string; job: JobView };
  load: LoadReport;
  stop(): Promise<void>;
}

/**
 * Starts a mesh that records every trace, a collector, and a Prometheus that scrapes the mesh and the exporters; then photos come by
 * both transports, one is broken, one is deleted, somebody is enrolled, and the gallery is asked.
 */
export async function observeMesh(prometheusBinary: string | undefined): Promise<ObservedMesh> {
  const collector = await startOtlpReceiver();
  const exporters = await startExporters();
  const mesh = await startTestMesh({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_TRACES_SAMPLER_ARG: "1",
      LOG_FORMAT: "json",
      LOG_LEVEL: "debug",
    },
  });
  const prometheus = prometheusBinary
    ? await startPrometheus(prometheusBinary, configuration(mesh, exporters))
    : undefined;
  const stop = async () => {
    await Promise.all([mesh.stop(), prometheus?.stop()]);
    await Promise.all([collector.close(), exporters.close()]);
  };
  try {
    // A Prometheus finds its targets some seconds after it is ready; what was over by then would have no rate.
    await prometheus?.untilScraped(new URL(mesh.metricsUrl).host);
    return { mesh, collector, prometheus, stop, ...(await work(mesh.url)) };
  } catch (error) {
    await stop();
    throw error;
  }
}

export async function scrape({ mesh }: ObservedMesh, accept: string): Promise<string> {
  return (await fetch(mesh.metricsUrl, { headers: { accept } })).text();
}

/** The repository's own rules, evaluated every other second. */
function configuration(mesh: TestMesh, exporters: Exporters): object {
  const target = new URL(mesh.metricsUrl).host;
  return {
    global: { scrape_interval: "2s", evaluation_interval: "2s" },
    rule_files: [`${PROMETHEUS_FOLDER}*.rules.yml`],
    scrape_configs: [
      { job_name: "similarfaces", static_configs: [{ targets: [target], labels: { service: "mesh" } }] },
      { job_name: "exporters", static_configs: [{ targets: [exporters.target] }] },
    ],
  };
}

async function work(url: string) {
  await enrolSomebody(url);
  const mix = ["portrait-1.jpg", "portrait-2.jpg", "nobody.jpg"].map((name) => ({
    name,
    bytes: Uint8Array.from(readFileSync(new URL(name, PHOTOS))),
    weight: 1,
  }));
  const load = await runLoad({ url, mix, perSecond: 2, durationMs: 6_000, webSocketShare: 0.5 });
  const traced = await tracedJob(url, readFileSync(new URL("group-4.jpg", PHOTOS)));
  // A whole header, and then nothing.
  const failed = await tracedJob(url, readFileSync(new URL("portrait-1.jpg", PHOTOS)).subarray(0, 2_000));
  await fetch(`${url}/v1/jobs`, { method: "POST", body: "no photo at all" });
  await deleteOne(url);
  return { load, traced, failed };
}

/** By a form, as the gallery's page does; and asks the gallery about it. */
async function enrolSomebody(url: string): Promise<void> {
  const form = new FormData();
  form.set("name", NAME);
  form.set("consent", CONSENT);
  form.set("photo", new Blob([readFileSync(new URL("portrait-3.jpg", PHOTOS))]), `${NAME}.jpg`);
  const response = await fetch(`${url}/v1/gallery/identities`, { method: "POST", body: form });
  const { photos } = (await response.json()) as { photos: { job: { jobId: string } }[] };
  if (response.status !== 202 || !photos[0]) throw new Error(`enrolling was answered ${response.status}`);
  await untilComplete(url, photos[0].job.jobId);
  await fetch(`${url}/v1/gallery/identities?name=${encodeURIComponent(NAME)}`);
  await fetch(`${url}/v1/gallery/statistics`);
}

async function tracedJob(url: string, photo: Uint8Array) {
  const traceId = randomBytes(16).toString("hex");
  const parentSpanId = randomBytes(8).toString("hex");
  const response = await fetch(`${url}/v1/jobs`, {
    method: "POST",
    headers: { traceparent: `00-${traceId}-${parentSpanId}-01`, prefer: "wait=30" },
    body: Uint8Array.from(photo),
  });
  if (response.status !== 200) throw new Error(`the photo was answered ${response.status}`);
  return { traceId, parentSpanId, job: (await response.json()) as JobView };
}

async function deleteOne(url: string): Promise<void> {
  const body = Uint8Array.from(readFileSync(new URL("portrait-1.jpg", PHOTOS)));
  const { jobId } = (await (await fetch(`${url}/v1/jobs`, { method: "POST", body })).json()) as JobView;
  await untilComplete(url, jobId);
  await fetch(`${url}/v1/jobs/${jobId}`, { method: "DELETE" });
}

async function untilComplete(url: string, jobId: string): Promise<void> {
  for (let look = 0; look < 300; look++) {
    const job = (await (await fetch(`${url}/v1/jobs/${jobId}`)).json()) as JobView;
    if (job.state === "complete") return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`job ${jobId} does not become complete`);
}
