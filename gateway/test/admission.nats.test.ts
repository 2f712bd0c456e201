import { afterAll, beforeAll, expect, it } from "vitest";
import {
  EVENTS_OF_ONE_FACE,
  PIXEL,
  answerAll,
  postPixel,
  readEvents,
  startMesh,
  type Mesh,
} from "./meshFixture.js";

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
});
afterAll(() => mesh?.stop());

const post = () => fetch(`${mesh.url}/v1/jobs`, { method: "POST", body: PIXEL });

it("photos are refused before a stream is full, and taken again when there is room", async () => {
  const { streams } = mesh.broker.jsm;
  const { config } = await streams.info("SF_FACES");
  await streams.update("SF_FACES", { ...config, max_bytes: 100_000 });
  await mesh.broker.js.publish("sf.v1.work.job.face.0", new Uint8Array(90_000));
  await expect.poll(async () => (await post()).status, { timeout: 5_000, interval: 200 }).toBe(503);
  const refused = await post();
  expect(refused.headers.get("retry-after")).toBe("5");
  expect(await refused.json()).toMatchObject({ failure: { code: "overloaded", retryable: true } });
  expect((await fetch(`${mesh.url}/v1/status`)).status).toBe(200);
  await streams.purge("SF_FACES");
  await expect.poll(async () => (await post()).status, { timeout: 5_000, interval: 200 }).toBe(202);
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
  await expect.poll(waiting, { timeout: 5_000 }).toBeGreaterThan(0);
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
