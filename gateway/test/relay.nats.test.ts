import { connect } from "node:net";
import { WebSocket } from "ws";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  EVENTS_OF_ONE_FACE,
  PIXEL,
  analysisOf,
  answerAll,
  answers,
  extracted,
  postPixel,
  readEvents,
  startMesh,
  type Mesh,
} from "./meshFixture.js";

describe("the relay", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh();
  });
  afterAll(() => mesh?.stop());

  const events = (url: string, jobId: string) =>
    fetch(`${url}/v1/jobs/${jobId}/events`).then((response) => readEvents(response));
  const stages = (received: { event: string }[]) => received.map(({ event }) => event);

  it("gives a viewer of a job after its deadline what was answered, and the rest as expired", async () => {
    const hasty = await mesh.another({ JOB_DEADLINE_MS: "1000" });
    const { jobId } = await postPixel(hasty.url);
    await mesh.publish(extracted(jobId, 1));
    const [age] = answers(jobId, 0).slice(1);
    await mesh.publish(age!);
    const live = await events(hasty.url, jobId);
    expect(stages(live)).toEqual(["accepted", "extract", "age", "complete"]);
    const expired = live.at(-1)!.data["expired"] as { stage: string; face: number }[];
    expect(expired.map(({ stage }) => stage).sort()).toEqual(["embed", "gender", "match"]);
    // Another gateway knows the job only from the stream.
    const late = await events(mesh.url, jobId);
    expect(late).toEqual(live);
    const job = (await (await fetch(`${mesh.url}/v1/jobs/${jobId}`)).json()) as {
      state: string;
      faces: { fields: Record<string, { state: string }> }[];
    };
    expect(job.state).toBe("complete");
    expect(job.faces[0]!.fields["age"]!.state).toBe("done");
    expect(job.faces[0]!.fields["gender"]!.state).toBe("expired");
  });

  it("says that a job is complete when extract failed", async () => {
    const { jobId } = await postPixel(mesh.url);
    const failure = { code: "undecodable_image", message: "cut short", retryable: false };
    await mesh.publish({ jobId, stage: "extract", outcome: { case: "failure", value: failure } });
    const received = await events(mesh.url, jobId);
    expect(stages(received)).toEqual(["accepted", "extract", "complete"]);
    expect(received[1]!.data.failure).toEqual(failure);
  });

  it("shows a result once although it was published twice", async () => {
    const { jobId } = await postPixel(mesh.url);
    const reading = events(mesh.url, jobId);
    await mesh.publish(extracted(jobId, 1));
    await mesh.publish(extracted(jobId, 1));
    for (const result of [...answers(jobId, 0), ...answers(jobId, 0)]) await mesh.publish(result);
    expect(stages(await reading)).toEqual(EVENTS_OF_ONE_FACE);
  });

  it("gives many viewers of one job the same", async () => {
    const { jobId } = await postPixel(mesh.url);
    const readings = Array.from({ length: 20 }, () => events(mesh.url, jobId));
    await answerAll(mesh, jobId, 3);
    const all = await Promise.all(readings);
    for (const received of all) expect(received).toEqual(all[0]);
    expect(all[0]!.length).toBe(3 + 3 * (EVENTS_OF_ONE_FACE.length - 3));
  });

  it("leaves no consumer and no subscription behind", async () => {
    const { jobId } = await postPixel(mesh.url);
    await answerAll(mesh, jobId);
    for (let i = 0; i < 20; i++) await (await fetch(`${mesh.url}/v1/jobs/${jobId}`)).json();
    const other = await mesh.another();
    await events(other.url, jobId);
    await expect
      .poll(async () => (await mesh.broker.jsm.streams.info("SF_RESULTS")).state.consumer_count, {
        timeout: 10_000,
      })
      .toBe(0);
    await expect
      .poll(async () => /^similarfaces_relay_watched_jobs (\d+)$/m.exec(await mesh.scrape(other))?.[1], {
        timeout: 10_000,
      })
      .toBe("0");
  });

  it.each(["uws", "node"])(
    "keeps what a slow viewer on %s has not read, and gives it all in the end",
    async (driver) => {
      const gateway = await mesh.another({ HTTP_DRIVER: driver });
      const { jobId } = await postPixel(gateway.url, "?stages=age");
      const stream = await openSlowStream(gateway.url, jobId);
      const socket = await openSlowSocket(gateway.url, jobId);
      const faces = 40;
      await mesh.publish(extracted(jobId, faces));
      // More than the buffers of a connection hold.
      const probabilities = Array.from({ length: 20_000 }, () => 0.123456789012345);
      const outcome = analysisOf("age", { case: "measure", value: { value: 1, probabilities } });
      for (let face = 0; face < faces; face++) {
        await mesh.publish({ jobId, stage: "age", face, outcome });
      }
      const drops = async (kind: string) =>
        Number(new RegExp(`relay_drops_total{kind="${kind}"} (\\d+)`).exec(await mesh.scrape(gateway))?.[1]);
      await expect.poll(() => drops("sse")).toBeGreaterThan(0);
      await expect.poll(() => drops("websocket")).toBeGreaterThan(0);
      expect(await stream.stages()).toEqual([
        "accepted",
        "extract",
        ...Array.from({ length: faces }, () => "age"),
        "complete",
      ]);
      expect(await socket.types()).toEqual([
        ...Array.from({ length: 2 + faces }, () => "result"),
        "complete",
      ]);
    },
  );
});

describe("when nats-server is killed in the middle of a job", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh();
  });
  afterAll(() => mesh?.stop());

  it("viewers see all of the job, photos are refused meanwhile and taken again", async () => {
    const { jobId } = await postPixel(mesh.url);
    const reading = fetch(`${mesh.url}/v1/jobs/${jobId}/events`).then((response) => readEvents(response));
    await mesh.publish(extracted(jobId, 1));
    await mesh.server.kill();
    await expect.poll(() => mesh.broker.connected()).toBe(false);
    expect((await fetch(`${mesh.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${mesh.url}/healthz`)).status).toBe(200);
    const refused = await fetch(`${mesh.url}/v1/jobs`, { method: "POST", body: PIXEL });
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("5");
    await mesh.server.restart();
    await expect.poll(() => mesh.broker.connected(), { timeout: 20_000 }).toBe(true);
    for (const result of answers(jobId, 0)) await mesh.publish(result);
    expect((await reading).map(({ event }) => event)).toEqual(EVENTS_OF_ONE_FACE);
    await expect.poll(async () => (await fetch(`${mesh.url}/readyz`)).status).toBe(200);
    expect((await postPixel(mesh.url)).jobId).not.toBe(jobId);
  });
});

/** A client that asks for events and reads nothing until told to. */
async function openSlowStream(url: string, jobId: string) {
  const { port } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.pause();
  socket.write(`GET /v1/jobs/${jobId}/events HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
  return {
    async stages(): Promise<string[]> {
      const chunks: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => chunks.push(chunk));
      socket.resume();
      await expect
        .poll(() => chunks.slice(-2).join("").includes("event: complete"), { timeout: 20_000 })
        .toBe(true);
      socket.destroy();
      return [
        ...Buffer.concat(chunks)
          .toString()
          .matchAll(/^event: (\w+)$/gm),
      ].map((match) => match[1]!);
    },
  };
}

async function openSlowSocket(url: string, jobId: string) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/live`);
  const types: string[] = [];
  socket.on("message", (data: Buffer) => types.push((JSON.parse(data.toString()) as { type: string }).type));
  await new Promise((resolve) => socket.once("open", resolve));
  socket.send(JSON.stringify({ type: "watch", jobId }));
  socket.pause();
  return {
    async types(): Promise<string[]> {
      socket.resume();
      await expect.poll(() => types.at(-1), { timeout: 20_000 }).toBe("complete");
      socket.close();
      return types;
    },
  };
}
