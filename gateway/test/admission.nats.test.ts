import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CORE_STAGES, StageFailure } from "@similarfaces/contracts";
import { createLog } from "@similarfaces/runtime";
import { runFlood, sendUnread } from "../../observability/load/src/mod.js";
import { Admission } from "../src/admission/admission.js";
import {
  EVENTS_OF_ONE_FACE,
  PIXEL,
  answerAll,
  postPixel,
  readEvents,
  startMesh,
  type Mesh,
} from "./meshFixture.js";
import { playStages, type PlayedStages } from "./playedStages.js";

const post = (mesh: Mesh) => fetch(`${mesh.url}/v1/jobs`, { method: "POST", body: PIXEL });
/** The next look of admission may be a second away. */
const soon = { timeout: 10_000, interval: 100 };

describe("what guards the streams", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh();
  });
  afterAll(() => mesh?.stop());

  it.each([
    ["SF_FACES", "sf.v2.work.job.face.0"],
    ["SF_BLOBS_JOBS", "sf.v1.blob.jobs.0.job.upload.0"],
  ])("photos are refused before %s is full, and taken again when there is room", async (stream, subject) => {
    const { streams } = mesh.broker.jsm;
    const { config } = await streams.info(stream);
    await streams.update(stream, { ...config, max_bytes: 100_000 });
    await mesh.broker.js.publish(subject, new Uint8Array(90_000));
    await expect.poll(async () => (await post(mesh)).status, soon).toBe(503);
    const refused = await post(mesh);
    expect(refused.headers.get("retry-after")).toBe("5");
    expect(await refused.json()).toMatchObject({ failure: { code: "overloaded", retryable: true } });
    expect((await fetch(`${mesh.url}/v1/status`)).status).toBe(200);
    await streams.purge(stream);
    await streams.update(stream, config);
    await expect.poll(async () => (await post(mesh)).status, soon).toBe(202);
  });

  it("the status counts what waits", async () => {
    const waiting = async () => {
      const status = (await (await fetch(`${mesh.url}/v1/status`)).json()) as {
        connected: boolean;
        stages: { stage: string; waiting: number }[];
      };
      expect(status.connected).toBe(true);
      return status.stages.find(({ stage }) => stage === "extract")!.waiting;
    };
    await expect.poll(waiting, soon).toBeGreaterThan(0);
  });

  it("a gateway about to close refuses photos and goes on showing what is under way", async () => {
    const gateway = await mesh.another();
    const { jobId } = await postPixel(gateway.url);
    const reading = fetch(`${gateway.url}/v1/jobs/${jobId}/events`).then((response) => readEvents(response));
    gateway.refuse();
    const refused = await fetch(`${gateway.url}/v1/jobs`, { method: "POST", body: PIXEL });
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ failure: { code: "unavailable", retryable: true } });
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(503);
    await answerAll(mesh, jobId);
    expect((await reading).map(({ event }) => event)).toEqual(EVENTS_OF_ONE_FACE);
  });
});

describe("a mesh whose extract takes no work", () => {
  let mesh: Mesh;
  let taken: Response[];
  beforeAll(async () => {
    mesh = await startMesh({ ADMISSION_WAIT_MS: "4000" });
  });
  afterAll(() => mesh?.stop());

  it("takes a burst as far as 4 s of work go, all within one sample, and refuses the rest before it is sent", async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => post(mesh)));
    taken = answers.filter(({ status }) => status === 202);
    expect(taken.length).toBeGreaterThanOrEqual(40);
    expect(taken.length).toBeLessThan(50);
    const refused = answers.filter(({ status }) => status === 503);
    expect(taken.length + refused.length).toBe(200);
    for (const { headers } of refused) expect(Number(headers.get("retry-after"))).toBeGreaterThan(3);
    expect(await statusWithoutBody(mesh.url)).toBe(503);
  });

  it("another gateway sees what waits", async () => {
    const gateway = await mesh.another();
    await expect
      .poll(async () => (await fetch(`${gateway.url}/v1/jobs`, { method: "POST", body: PIXEL })).status, soon)
      .toBe(503);
  });

  it("deleted jobs make room", async () => {
    const deletions = taken.slice(0, 15).map(async (response) => {
      const { links } = (await response.json()) as { links: { self: string } };
      return (await fetch(`${mesh.url}${links.self}`, { method: "DELETE" })).status;
    });
    expect(new Set(await Promise.all(deletions))).toEqual(new Set([200]));
    await expect.poll(async () => (await post(mesh)).status, soon).toBe(202);
  });
});

describe("clients", () => {
  let mesh: Mesh;
  let admission: Admission | undefined;
  beforeAll(async () => {
    mesh = await startMesh();
  });
  afterAll(async () => {
    admission?.close();
    await mesh?.stop();
  });

  it("one has at most half of the queue while another asks, and all of it alone", () => {
    const { broker, blobs, metrics } = mesh;
    const log = createLog({ service: "gateway", level: "silent" });
    const open = () =>
      new Admission({ broker, blobs, stages: () => CORE_STAGES, waitMaxMs: 4_000, metrics, log });
    // Within one turn of the event loop: no look, no time.
    const letIn = (client: string) => {
      for (let count = 0; ; count++) {
        try {
          admission!.check(client, CORE_STAGES);
        } catch (error) {
          expect(error).toBeInstanceOf(StageFailure);
          return count;
        }
      }
    };
    admission = open();
    expect(letIn("alone")).toBe(41);
    admission.close();
    admission = open();
    admission.check("one", CORE_STAGES);
    const other = letIn("other");
    expect(other).toBeGreaterThan(15);
    expect(other).toBeLessThan(25);
    expect(letIn("one")).toBeGreaterThan(15);
  });
});

describe("a mesh that is flooded", () => {
  let mesh: Mesh;
  let stages: PlayedStages;
  beforeAll(async () => {
    mesh = await startMesh({ ADMISSION_WAIT_MS: "1000" });
    stages = await playStages(mesh, { extractMs: 40 });
  });
  afterAll(async () => {
    await stages?.stopAll();
    await mesh?.stop();
  });

  it("answers every photo: what is accepted completes, the rest is refused with a time to come again", async () => {
    const mix = [{ name: "pixel", bytes: new Uint8Array(PIXEL), weight: 1 }];
    const photos = await runFlood({ url: mesh.url, mix, perSecond: 300, durationMs: 4_000, seed: 16 });
    const by = (outcome: string) => photos.filter((photo) => photo.outcome === outcome);
    const [complete, refused] = [by("complete"), by("refused")];
    expect(complete.length + refused.length).toBe(photos.length);
    expect(refused.length).toBeGreaterThan(photos.length / 4);
    expect(complete.length).toBeGreaterThan(8);
    for (const { retryAfter } of refused) expect(retryAfter).toBeGreaterThanOrEqual(1);
    // And afterwards it is as if nothing had been.
    await expect
      .poll(async () => (await sendUnread(new URL("/v1/jobs", mesh.url), PIXEL, undefined)).outcome, soon)
      .toBe("complete");
  });

  it("an analyzer that dies closes nothing: its own field waits", async () => {
    await stages.stop("age");
    for (let photo = 0; photo < 30; photo++) {
      const response = await post(mesh);
      expect(response.status).toBe(202);
      const { jobId } = (await response.json()) as { jobId: string };
      await expect.poll(() => hasResult(mesh, jobId, "gender.0"), soon).toBe(true);
      expect(await hasResult(mesh, jobId, "age.0")).toBe(false);
    }
    const { num_pending } = await mesh.broker.jsm.consumers.info("SF_FACES", "age");
    expect(num_pending).toBe(30);
  });
});

async function hasResult({ broker }: Mesh, jobId: string, result: string): Promise<boolean> {
  const query = { last_by_subj: `sf.v2.result.${jobId}.${result}` };
  return (await broker.jsm.streams.getMessage("SF_RESULTS", query)) !== null;
}

/** The status that a request gets whose body never comes. */
function statusWithoutBody(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { "content-length": "1000000" };
    const sending = request(`${url}/v1/jobs`, { method: "POST", headers }, (response) => {
      resolve(response.statusCode);
      sending.destroy();
    });
    sending.on("error", reject);
    sending.flushHeaders();
  });
}
