import {
  TRACING_OFF,
  connectBroker,
  createLog,
  createMetrics,
  newTraceContext,
  type Broker,
} from "@similarfaces/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { followJob, startJobSpan } from "../src/jobs/jobOutcome.js";
import { readConfig, startGateway } from "../src/mod.js";
import { Relay } from "../src/relay/relay.js";
import { StageClock } from "../src/system/stageTimes.js";
import { startBrokerProxy, type BrokerProxy } from "./brokerProxy.js";
import { openLiveSocket } from "./liveSocket.js";
import type { Gateway } from "../src/gateway.js";
import {
  EVENTS_OF_ONE_FACE,
  answerAll,
  answers,
  extracted,
  postPixel,
  readEvents,
  startMesh,
  type Mesh,
} from "./meshFixture.js";

const OUTCOMES = ["complete", "failed", "expired", "deleted", "handed_over"] as const;
const PATIENTLY = { timeout: 20_000 };
const FLOOD = 100;
/** With the two seconds that a late result is waited for. */
const EXPIRES_AFTER_MS = 1_000 + 2_000;

const events = (url: string, jobId: string) =>
  fetch(`${url}/v1/jobs/${jobId}/events`).then((response) => readEvents(response));

describe("at a job's deadline", () => {
  let mesh: Mesh;
  let proxy: BrokerProxy;
  let connection: Broker;
  let url: string;
  let gateway: Gateway;
  beforeAll(async () => {
    mesh = await startMesh({ JOB_DEADLINE_MS: "1000" });
    proxy = await startBrokerProxy(mesh.server.port);
    connection = await connectBroker({ url: proxy.url, name: "test" });
    gateway = await mesh.another({}, connection);
    ({ url } = gateway);
  });
  afterAll(async () => {
    proxy?.resume();
    await connection?.close();
    await proxy?.close();
    await mesh?.stop();
  });

  const outcomes = async () => {
    const text = await mesh.scrape(gateway);
    return OUTCOMES.map((outcome) =>
      Number(new RegExp(`jobs_total{outcome="${outcome}"} (\\d+)`).exec(text)?.[1] ?? 0),
    );
  };
  /** What the outcomes grew by since. */
  const since = async (before: number[]) => (await outcomes()).map((count, i) => count - before[i]!);

  it("nothing that is stored is called expired while the broker cannot be read, whoever comes when", async () => {
    const before = await outcomes();
    // Of these nothing will ever be stored.
    await Promise.all(Array.from({ length: FLOOD }, () => postPixel(url)));
    const { jobId } = await postPixel(url);
    const there = await openLiveSocket(url);
    there.watch(jobId);
    await expect.poll(() => there.messages.length, PATIENTLY).toBe(1);
    proxy.stall();
    await answerAll(mesh, jobId);
    // Past the deadline, and longer than any question to the broker waits.
    await new Promise((resolve) => setTimeout(resolve, EXPIRES_AFTER_MS + 5_500));
    const late = await openLiveSocket(url);
    late.watch(jobId);
    await expect.poll(() => late.messages.length, PATIENTLY).toBe(1);
    expect(there.messages.length).toBe(1);
    const asked = fetch(`${url}/v1/jobs/${jobId}`);
    proxy.resume();
    expect(((await (await asked).json()) as { extract: { state: string } }).extract.state).not.toBe(
      "expired",
    );
    for (const page of [there, late]) {
      const stages = await page.untilEnd(jobId);
      expect(stages.toSorted()).toEqual(EVENTS_OF_ONE_FACE.toSorted());
      expect(page.messages.at(-1)!.expired).toEqual([]);
      await page.close();
    }
    await expect.poll(() => since(before), PATIENTLY).toEqual([1, 0, FLOOD, 0, 0]);
  });

  it("a viewer whom a slow broker keeps waiting gets what came before and what comes after", async () => {
    const patient = await mesh.another({ JOB_DEADLINE_MS: "5000" });
    const { jobId } = await postPixel(patient.url);
    proxy.stall();
    const page = await openLiveSocket(url);
    page.watch(jobId);
    // Longer than a job without viewers is remembered.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(page.messages).toEqual([]);
    proxy.resume();
    await expect.poll(() => page.messages.length, PATIENTLY).toBe(1);
    await answerAll(mesh, jobId);
    expect(await page.untilEnd(jobId)).toEqual(EVENTS_OF_ONE_FACE);
    expect(page.messages.at(-1)!.expired).toEqual([]);
    await page.close();
  });

  it("every accepted job has ended in one outcome, whatever became of it", async () => {
    const before = await outcomes();
    const post = async () => (await postPixel(url)).jobId;
    const complete = await post();
    await answerAll(mesh, complete);
    const failed = await post();
    const failure = { code: "undecodable_image", message: "cut short", retryable: false };
    await mesh.publish({ jobId: failed, stage: "extract", outcome: { case: "failure", value: failure } });
    const deleted = await post();
    await fetch(`${url}/v1/jobs/${deleted}`, { method: "DELETE" });
    const deletedElsewhere = await post();
    await fetch(`${mesh.url}/v1/jobs/${deletedElsewhere}`, { method: "DELETE" });
    await post();
    // Of these nothing is heard, and nothing is left in the stream.
    proxy.lose(/^sf\.v2\.live\./);
    const [unheard, gone] = [await post(), await post()];
    await mesh.broker.jsm.streams.purge("SF_RESULTS", { filter: `sf.v2.result.${gone}.>` });
    const deletedUnheard = await post();
    await fetch(`${mesh.url}/v1/jobs/${deletedUnheard}`, { method: "DELETE" });
    await answerAll(mesh, unheard);
    const partly = await post();
    await mesh.publish(extracted(partly, 1));
    await mesh.publish(answers(partly, 0)[1]!);
    const sum = async () => (await since(before)).reduce((total, count) => total + count, 0);
    await expect.poll(sum, PATIENTLY).toBe(9);
    proxy.lose(undefined);
    expect(await since(before)).toEqual([2, 1, 3, 3, 0]);
    // None is counted again.
    await events(url, complete);
    const shown = await events(url, partly);
    expect(shown.map(({ event }) => event)).toEqual(["accepted", "extract", "age", "complete"]);
    expect((shown.at(-1)!.data["expired"] as unknown[]).length).toBe(EVENTS_OF_ONE_FACE.length - 4);
    expect(await sum()).toBe(9);
  });

  it("a follower that cannot read the job reads it when the broker is there again", async () => {
    const { jobId } = await postPixel(mesh.url);
    await answerAll(mesh, jobId);
    const metrics = createMetrics({ service: "gateway", version: "0", emitters: ["gateway"] });
    const log = createLog({ service: "gateway", level: "silent" });
    const relay = new Relay({ broker: connection, metrics, log, jobTtlMs: 600_000, jobDeadlineMs: 1_000 });
    const following = {
      relay,
      metrics,
      log,
      tracing: TRACING_OFF,
      clock: new StageClock(),
      blobs: mesh.blobs,
    };
    const acceptedAtMs = Date.now();
    const job = { jobId, acceptedAtMs, deadlineAtMs: acceptedAtMs, expiresAtMs: acceptedAtMs };
    proxy.cut();
    await expect.poll(() => connection.connected(), { ...PATIENTLY, interval: 1 }).toBe(false);
    followJob(job, following, startJobSpan(following, newTraceContext()));
    const count = async () =>
      /jobs_total{outcome="complete"} (\d+)/.exec((await metrics.scrape("")).body)?.[1];
    await expect.poll(count, PATIENTLY).toBe("1");
    relay.close();
    expect(await count()).toBe("1");
  });

  it("a job that is under way when its gateway ends is handed over, and shown by another", async () => {
    const metrics = createMetrics({ service: "gateway", version: "0", emitters: ["gateway"] });
    const log = createLog({ service: "gateway", level: "silent" });
    // Its admission, too, is to let a photo in although nothing takes work here.
    const config = readConfig({ PORT: "0", LOG_LEVEL: "silent", ADMISSION_WAIT_MS: "3600000" });
    const { broker, blobs } = mesh;
    const ending = await startGateway({ config, broker, blobs, log, metrics });
    const { jobId } = await postPixel(ending.url);
    await mesh.publish(extracted(jobId, 1));
    await ending.close();
    expect((await metrics.scrape(undefined)).body).toMatch(/jobs_total{outcome="handed_over"} 1$/m);
    for (const answer of answers(jobId, 0)) await mesh.publish(answer);
    expect((await events(url, jobId)).map(({ event }) => event)).toEqual(EVENTS_OF_ONE_FACE);
  });
});
