import { fieldOf, hasConsumer, isFaceStage } from "@similarfaces/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CATALOGUE, seriesOf } from "./catalogue.js";
import { QUERIES } from "./dashboards.js";
import { CONSENT, NAME, observeMesh, type ObservedMesh } from "./observedMesh.js";
import type { ReceivedSpan } from "./otlpReceiver.js";
import { TOOLS } from "./prometheusTools.js";
import { RULES } from "./rules.js";

const OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
const WAIT = { timeout: 20_000, interval: 200 };

let observed: ObservedMesh;
/** The stages of the traced photo that have work per face. */
const faceStages = () =>
  observed.traced.job.accepted!.stages.filter((stage) => isFaceStage(stage) && hasConsumer(stage));
beforeAll(async () => {
  observed = await observeMesh(TOOLS?.prometheus);
}, 180_000);
afterAll(() => observed?.stop());

async function scrape(accept: string): Promise<string> {
  return (await fetch(observed.mesh.metricsUrl, { headers: { accept } })).text();
}

it("has answered the load it was given", () => {
  const { complete, ...others } = observed.load.outcomes;
  expect(others).toEqual({ failed: 0, expired: 0, refused: 0, error: 0 });
  expect(complete).toBeGreaterThan(3);
  expect(observed.traced.job.faces.length).toBeGreaterThan(1);
});

describe("what is scraped", () => {
  it("is what the catalogue holds, all of it and nothing else", async () => {
    const text = await scrape("text/plain");
    const declared = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]);
    const catalogued = Object.entries(CATALOGUE).map(([name, { type }]) => [
      name,
      type === "info" ? "gauge" : type,
    ]);
    expect(declared.sort()).toEqual(catalogued.sort());
  });

  it("has series of every metric, by the labels of the catalogue", async () => {
    const labels = new Map<string, Set<string>>();
    for (const [, series = "", list = ""] of (await scrape("text/plain")).matchAll(
      /^([a-z_]\w*)(?:\{(.*)\})? \S+$/gm,
    )) {
      const seen = labels.get(series) ?? new Set();
      labels.set(series, seen);
      for (const [, label = ""] of list.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) seen.add(label);
    }
    for (const [name, entry] of Object.entries(CATALOGUE))
      for (const series of seriesOf(name, entry)) {
        const expected = series.endsWith("_bucket") ? [...entry.labels, "le"] : entry.labels;
        expect([...(labels.get(series) ?? ["no series"])].sort(), series).toEqual(expected.sort());
      }
  });

  it("holds no id of a job", async () => {
    const text = await scrape("text/plain");
    expect(text).not.toContain(observed.traced.job.jobId);
    expect(text).not.toMatch(/[0-9a-z]{30,}/);
  });

  it("has exemplars of the latencies, where OpenMetrics is asked for", async () => {
    const text = await scrape(OPEN_METRICS);
    for (const metric of [
      "job_first_box",
      "job_first_attribute",
      "job_all_results",
      "stage_wait",
      "stage_compute",
      "stage_total",
      "inference_duration",
      "http_duration",
    ]) {
      const bucket = `^similarfaces_${metric}_seconds_bucket\\{.* # \\{trace_id="(\\w{32})"\\} `;
      const [, traceId] = new RegExp(bucket, "m").exec(text) ?? [];
      expect(traceId, metric).toBeDefined();
      await expect
        .poll(() => observed.collector.spans.some((span) => span.traceId === traceId), WAIT)
        .toBe(true);
    }
  });
});

describe.skipIf(!TOOLS)("a Prometheus that scrapes it (from Debian's prometheus)", () => {
  it("takes what it scrapes, and evaluates every rule", async () => {
    const { prometheus } = observed;
    // A scrape that took too long on a busy machine is no fault of what was scraped.
    await expect
      .poll(async () => {
        const { activeTargets } = await prometheus!.api<{ activeTargets: { lastError: string }[] }>(
          "targets",
        );
        return activeTargets.map(({ lastError }) => lastError);
      }, WAIT)
      .toEqual(["", ""]);
    const { groups } = await prometheus!.api<{
      groups: { rules: { name: string; health: string; lastError?: string }[] }[];
    }>("rules");
    const rules = groups.flatMap((group) => group.rules);
    expect(rules).toHaveLength(RULES.length);
    expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
  });

  it.each(QUERIES)("$dashboard: $panel: $expr", async ({ expr }) => {
    await expect
      .poll(
        async () => (await observed.prometheus!.query(expr)).filter(({ value }) => Number.isFinite(value)),
        WAIT,
      )
      .not.toEqual([]);
  });

  it.each(RULES.flatMap(({ record }) => record ?? []))("has recorded %s", async (record) => {
    await expect.poll(() => observed.prometheus!.query(record), WAIT).not.toEqual([]);
  });

  it("keeps the exemplars", async () => {
    const query = "similarfaces_job_all_results_seconds_bucket";
    const from = Math.floor(Date.now() / 1_000) - 600;
    const found = await observed.prometheus!.api<{ exemplars: { labels: { trace_id: string } }[] }[]>(
      `query_exemplars?query=${query}&start=${from}&end=${from + 700}`,
    );
    const traceIds = new Set(observed.collector.spans.map(({ traceId }) => traceId));
    const exemplars = found.flatMap((series) => series.exemplars);
    expect(exemplars.length).toBeGreaterThan(0);
    for (const { labels } of exemplars) expect(traceIds.has(labels.trace_id)).toBe(true);
  });
});

describe("the trace of one photo", () => {
  let spans: ReceivedSpan[];
  const childrenOf = ({ spanId }: ReceivedSpan) =>
    spans.filter(({ parentSpanId }) => parentSpanId === spanId);
  const only = (found: ReceivedSpan[]): ReceivedSpan => {
    expect(found).toHaveLength(1);
    return found[0]!;
  };
  const named = (name: string) => spans.filter((span) => span.name === name);
  /** Milliseconds: clocks tell whole ones in some places. */
  const SLACK_MS = 2;

  it("arrives, span by span", async () => {
    const { traceId, job } = observed.traced;
    const deliveries = 1 + job.faces.length * faceStages().length;
    const received = () => observed.collector.spans.filter((span) => span.traceId === traceId);
    await expect
      .poll(() => received().filter(({ kind, name }) => kind === 5 || name === "job").length, WAIT)
      .toBe(deliveries + 1);
    spans = received();
  });

  it("begins where the caller's ends, and goes by way of the gateway to every stage of every face", () => {
    const { parentSpanId, job } = observed.traced;
    const http = only(named("POST /v1/jobs"));
    expect(http).toMatchObject({ parentSpanId, kind: 2, status: 0 });
    expect(http.attributes).toMatchObject({ "http.route": "/v1/jobs", "http.response.status_code": 200 });
    const whole = only(named("job"));
    expect(whole.parentSpanId).toBe(http.spanId);
    expect(whole.attributes).toMatchObject({
      "similarfaces.job": job.jobId,
      "similarfaces.outcome": "complete",
    });
    expect(whole.events).toEqual(["first box", "first attribute"]);
    const extract = only(named("extract"));
    expect(extract.parentSpanId).toBe(whole.spanId);
    for (const { index } of job.faces) {
      const ofFace = (stage: string) =>
        only(named(stage).filter(({ attributes }) => attributes["similarfaces.face"] === index));
      for (const stage of faceStages().filter((stage) => stage !== "match"))
        expect(ofFace(stage).parentSpanId, stage).toBe(extract.spanId);
      expect(ofFace("match").parentSpanId).toBe(ofFace("embed").spanId);
    }
  });

  it("has wait, compute and publish of every delivery, one after the other", () => {
    for (const delivery of ["extract", ...faceStages()].flatMap(named)) {
      const parts = childrenOf(delivery);
      const part = (name: string) => only(parts.filter((span) => span.name === name));
      const [wait, compute, publish] = [part("wait"), part("compute"), part("publish")];
      expect(wait.startMs).toBeCloseTo(delivery.startMs, 1);
      expect(wait.endMs).toBeCloseTo(compute.startMs, 1);
      expect(compute.endMs).toBeCloseTo(publish.startMs, 1);
      expect(publish.endMs).toBeLessThanOrEqual(delivery.endMs + SLACK_MS);
      expect(compute.attributes).toMatchObject({ "similarfaces.stage": delivery.name });
      expect(delivery.attributes).toMatchObject({
        "similarfaces.outcome": "done",
        "similarfaces.attempt": 1,
      });
    }
  });

  it("follows into the worker threads", () => {
    for (const stage of ["extract", ...faceStages()].filter((stage) => stage !== "match"))
      for (const delivery of named(stage)) {
        const compute = only(childrenOf(delivery).filter(({ name }) => name === "compute"));
        const runs = childrenOf(compute);
        expect(runs.length, stage).toBeGreaterThan(0);
        for (const run of runs) {
          expect(run.name).toBe("inference");
          expect(run.attributes["thread.id"]).toBeGreaterThan(0);
          expect(run.attributes["similarfaces.model"]).toMatch(/@/);
          expect(run.startMs).toBeGreaterThanOrEqual(compute.startMs - SLACK_MS);
          expect(run.endMs).toBeLessThanOrEqual(compute.endMs + SLACK_MS);
          expect(childrenOf(run).map(({ name }) => name)).toEqual(["prepare", "run"]);
        }
      }
  });

  it("has nobody without a parent", () => {
    const ids = new Set([observed.traced.parentSpanId, ...spans.map(({ spanId }) => spanId)]);
    expect(spans.filter(({ parentSpanId }) => !ids.has(parentSpanId))).toEqual([]);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
  });
});

it("the trace of a request to the gallery goes to the process that answers it", () => {
  const { spans } = observed.collector;
  const asked = spans.find(({ name }) => name === "GET /v1/gallery/statistics");
  expect(spans.filter(({ parentSpanId }) => parentSpanId === asked?.spanId).map(({ name }) => name)).toEqual([
    "gallery statistics",
  ]);
});

it("the trace of a job that failed says with which code", async () => {
  const { traceId, job } = observed.failed;
  const code = job.extract.state === "failed" ? job.extract.failure.code : "none";
  await expect
    .poll(
      () =>
        observed.collector.spans
          .filter((span) => span.traceId === traceId && ["extract", "job"].includes(span.name))
          .map(({ status, attributes }) => [status, attributes["error.type"]]),
      WAIT,
    )
    .toEqual([
      [2, code],
      [2, code],
    ]);
});

describe("the log", () => {
  const lines = () =>
    observed.mesh
      .output()
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it("has one line per job, with its outcome, its id and its trace's", async () => {
    const { traced, failed } = observed;
    const endsOf = (jobId: string) =>
      lines().filter((line) => line["msg"] === "job ended" && line["jobId"] === jobId);
    await expect.poll(() => endsOf(traced.job.jobId), WAIT).toHaveLength(1);
    expect(endsOf(traced.job.jobId)[0]).toMatchObject({ traceId: traced.traceId, outcome: "complete" });
    expect(endsOf(failed.job.jobId)).toHaveLength(1);
    expect(endsOf(failed.job.jobId)[0]).toMatchObject({ traceId: failed.traceId, outcome: "failed" });
    const ids = lines()
      .filter(({ msg }) => msg === "job ended")
      .map(({ jobId }) => jobId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThan(observed.load.outcomes.complete);
  });

  it("has one line per failure, with its code and both ids", () => {
    const { traceId, job } = observed.failed;
    const failures = lines().filter((line) => line["jobId"] === job.jobId && line["msg"] === "failed");
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatchObject({ traceId, stage: "extract", attempt: 1 });
    expect(failures[0]!["code"]).toBe(job.extract.state === "failed" ? job.extract.failure.code : "none");
    const refused = lines().filter(({ msg }) => msg === "a request was refused");
    expect(refused).toContainEqual(expect.objectContaining({ route: "/v1/jobs", code: "unsupported_type" }));
  });
});

it("no log, span or metric holds a name, a landmark, an embedding or a picture", async () => {
  const told = [
    observed.mesh.output(),
    Buffer.concat(observed.collector.bodies).toString("latin1"),
    await scrape("text/plain"),
    await scrape(OPEN_METRICS),
  ].join("\n");
  const landmarks = observed.traced.job.faces.flatMap(({ landmarks, box }) =>
    [...Object.values(landmarks), box].flatMap((point) => Object.values(point as object) as number[]),
  );
  const embeddings = observed.traced.job.faces.flatMap((face) => {
    const field = fieldOf(face, "embed");
    return field?.state === "done" ? field.value.embedding : [];
  });
  expect(embeddings.length).toBe(observed.traced.job.faces.length);
  const needles = [
    NAME,
    NAME.split(" ")[0]!,
    CONSENT,
    "portrait-3.jpg",
    // Shorter numbers may be anything.
    ...landmarks.map(String).filter((text) => text.length > 6),
    ...embeddings.flatMap((text) => [
      text.slice(0, 24),
      Buffer.from(text, "base64").toString("latin1", 0, 16),
    ]),
    // How a JPEG begins, as it is and in base64.
    "\xff\xd8\xff",
    "/9j/",
  ];
  expect(needles.length).toBeGreaterThan(20);
  for (const needle of needles) expect(told.includes(needle), needle).toBe(false);
});
