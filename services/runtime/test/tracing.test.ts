import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { startOtlpReceiver, type OtlpReceiver } from "../../../observability/test/otlpReceiver.js";
import { newTraceContext, openTracing, type Tracing } from "../src/mod.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const sampled = { ...newTraceContext(), sampled: true, state: "vendor=1" };

describe("traces", () => {
  let tracing: Tracing | undefined;
  let receiver: OtlpReceiver | undefined;
  afterEach(async () => {
    await tracing?.close();
    await receiver?.close();
    tracing = receiver = undefined;
  });

  async function open(sampleRatio: number): Promise<Tracing> {
    receiver = await startOtlpReceiver();
    const options = { service: "test", version: "0", otlpEndpoint: `${receiver.endpoint}/`, sampleRatio };
    return (tracing = await openTracing(options));
  }

  it("are recorded as often as asked for where they begin, and where the caller says so", async () => {
    const none = await open(0);
    expect(none.start("mine").recording).toBe(false);
    expect(none.start("mine").context.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(none.start("theirs", { parent: sampled }).recording).toBe(true);
    expect(none.start("theirs", { parent: { ...sampled, sampled: false } }).context).toMatchObject({
      traceId: sampled.traceId,
      sampled: false,
    });
    await none.close();
    await receiver!.close();
    expect((await open(1)).start("mine").recording).toBe(true);
  });

  it("arrive with all that was said of them; a part that was named before it was over has its children", async () => {
    const { start, close } = await open(1);
    const span = start("whole", { parent: sampled, kind: "server", attributes: { answer: 42 } });
    expect(span.context.state).toBe("vendor=1");
    const computing = span.reserve();
    start("inside", { parent: computing }).end();
    const at = 1_795_561_935_829;
    span.part("compute", at, at + 1_000.5, { as: computing });
    span.part("wait", at, at - 100);
    span.event("half way");
    span.fail("no_face");
    span.end();
    await close();
    const named = (name: string) => receiver!.spans.find((received) => received.name === name)!;
    expect(named("whole")).toMatchObject({
      service: "test",
      traceId: sampled.traceId,
      parentSpanId: sampled.spanId,
      kind: 2,
      status: 2,
      attributes: { answer: 42, "error.type": "no_face" },
      events: ["half way"],
    });
    expect(named("compute")).toMatchObject({
      parentSpanId: named("whole").spanId,
      startMs: at,
      endMs: at + 1_000.5,
    });
    expect(named("inside").parentSpanId).toBe(named("compute").spanId);
    expect(named("wait")).toMatchObject({ startMs: at, endMs: at });
  });

  it("are lost without harm where no collector is, and keep nobody from ending", async () => {
    const options = { service: "test", version: "0", otlpEndpoint: "http://127.0.0.1:9", sampleRatio: 1 };
    const lost = await openTracing(options);
    for (let i = 0; i < 5_000; i++) lost.start("lost").end();
    const startedAtMs = performance.now();
    await lost.close();
    expect(performance.now() - startedAtMs).toBeLessThan(20_000);
  });
});

it("a process that records no traces does not load what records them", () => {
  const program = `
    const { openTracing } = await import("@similarfaces/runtime");
    await openTracing({ service: "test", version: "0", otlpEndpoint: undefined, sampleRatio: 1 });
    const { Module } = await import("node:module");
    console.log(Object.keys(Module._cache).filter((path) => /opentelemetry.(sdk|exporter|otlp)/.test(path)).length);`;
  const printed = execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: ROOT,
    encoding: "utf8",
  });
  expect(printed).toBe("0\n");
});
