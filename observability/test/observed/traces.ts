import { answersPerFace, groupsOf, hasConsumer } from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import { WAIT, type ObservedMesh } from "../observedMesh.js";
import type { ReceivedSpan } from "../otlpReceiver.js";

/** One photo is one trace, with every part in its place. */
export function testTraces(observed: () => ObservedMesh): void {
  /** The stages of the traced photo that have work per face. */
  const faceStages = () =>
    observed().traced.job.accepted!.stages.filter((stage) => answersPerFace(stage) && hasConsumer(stage));

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
      const { traceId, job } = observed().traced;
      const deliveries = 1 + job.faces.length * faceStages().length;
      const received = () => observed().collector.spans.filter((span) => span.traceId === traceId);
      await expect
        .poll(() => received().filter(({ kind, name }) => kind === 5 || name === "job").length, WAIT)
        .toBe(deliveries + 1);
      spans = received();
    });

    it("begins where the caller's ends, and goes by way of the gateway to every stage of every face", () => {
      const { parentSpanId, job } = observed().traced;
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
      const of = (stage: string, face: number) =>
        only(named(stage).filter(({ attributes }) => attributes["similarfaces.face"] === face));
      for (const group of groupsOf(job.faces, job.accepted!.facesPerMessage)) {
        for (const { index } of group) {
          for (const stage of faceStages().filter((stage) => stage !== "match"))
            expect(of(stage, index).parentSpanId, stage).toBe(extract.spanId);
          // The probes of a group go on in one message, in the name of its first face.
          expect(of("match", index).parentSpanId).toBe(of("embed", group[0]!.index).spanId);
        }
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
      const ids = new Set([observed().traced.parentSpanId, ...spans.map(({ spanId }) => spanId)]);
      expect(spans.filter(({ parentSpanId }) => !ids.has(parentSpanId))).toEqual([]);
      expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
    });
  });

  it("the trace of a request to the gallery goes to the process that answers it", () => {
    const { spans } = observed().collector;
    const asked = spans.find(({ name }) => name === "GET /v1/gallery/statistics");
    expect(
      spans.filter(({ parentSpanId }) => parentSpanId === asked?.spanId).map(({ name }) => name),
    ).toEqual(["gallery statistics"]);
  });

  it("the trace of a job that failed says with which code", async () => {
    const { traceId, job } = observed().failed;
    const code = job.extract.state === "failed" ? job.extract.failure.code : "none";
    await expect
      .poll(
        () =>
          observed()
            .collector.spans.filter(
              (span) => span.traceId === traceId && ["extract", "job"].includes(span.name),
            )
            .map(({ status, attributes }) => [status, attributes["error.type"]]),
        WAIT,
      )
      .toEqual([
        [2, code],
        [2, code],
      ]);
  });
}
