import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "@similarfaces/contracts/api";
import { connectBroker, type Broker } from "@similarfaces/runtime";
import { startBrokerProxy, type BrokerProxy } from "./brokerProxy.js";
import { imageWorkOf, postPixel, readEvents, startMesh, type Mesh, type Received } from "./meshFixture.js";
import { openLiveSocket, type LiveMessage } from "./liveSocket.js";
import {
  GROUPS,
  STAGES_OF_FACES,
  answerGroup,
  answerOf,
  answerSingly,
  answerSplit,
  extractSix,
  groupAnswer,
  publishAt,
  split,
  together,
} from "./playedGroups.js";

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
});
afterAll(() => mesh?.stop());

const follow = (url: string, jobId: string, after?: string) =>
  fetch(`${url}/v1/jobs/${jobId}/events`, { headers: after ? { "last-event-id": after } : {} });
const events = async (url: string, jobId: string, after?: string) =>
  readEvents(await follow(url, jobId, after));
const jobOf = async (url: string, jobId: string) =>
  (await (await fetch(`${url}/v1/jobs/${jobId}`)).json()) as Job;

/** `stage face` of each result about a face. */
const fieldsOf = (seen: readonly { stage: string; face?: number }[]) =>
  seen.flatMap(({ stage, face }) => (face === undefined ? [] : [`${stage} ${face}`]));
const ofStream = (received: readonly Received[]) =>
  fieldsOf(received.map(({ event, data }) => ({ ...data, stage: event as string })));
const ofSocket = (messages: readonly LiveMessage[]) =>
  fieldsOf(messages.flatMap(({ event }) => (event ? [event] : [])));
const ALL = GROUPS.flatMap((faces) =>
  STAGES_OF_FACES.flatMap((stage) => faces.map((face) => `${stage} ${face}`)),
);

/** Of six faces, of which nothing is answered. */
async function newJob(): Promise<string> {
  const { jobId } = await postPixel(mesh.url);
  await extractSix(mesh, jobId);
  return jobId;
}

it("a job says how many faces travel together, to stages and to viewers, and 1 where that is set", async () => {
  const single = await mesh.another({ FACES_PER_MESSAGE: "1" });
  for (const [url, expected] of [
    [mesh.url, 4],
    [single.url, 1],
  ] as const) {
    const { jobId } = await postPixel(url);
    expect((await imageWorkOf(mesh, jobId)).facesPerMessage).toBe(expected);
    expect((await jobOf(url, jobId)).accepted!.facesPerMessage).toBe(expected);
  }
});

describe("a stage's answers about several faces in one message", () => {
  it("are an event each, by either transport", async () => {
    const jobId = await newJob();
    const reading = events(mesh.url, jobId);
    const page = await openLiveSocket(mesh.url);
    page.watch(jobId);
    for (const faces of GROUPS) await answerGroup(mesh, jobId, faces);
    const received = await reading;
    expect(ofStream(received)).toEqual(ALL);
    expect(received.at(-1)!.data).toMatchObject({ state: "complete", faces: 6, expired: [] });
    expect(received.some(({ data }) => "others" in data)).toBe(false);
    await page.untilEnd(jobId);
    expect(ofSocket(page.messages)).toEqual(ALL);
    await page.close();
  });

  it("come again from the first one to a stream that was cut off between them", async () => {
    const jobId = await newJob();
    for (const faces of GROUPS) await answerGroup(mesh, jobId, faces);
    const whole = await events(mesh.url, jobId);
    const ids = whole.filter(({ event }) => event === "embed").map(({ id }) => id !== "");
    expect(ids).toEqual([false, false, false, true, false, true]);
    for (let count = 1; count < whole.length; count++) {
      const seen = await readEvents(await follow(mesh.url, jobId), count);
      const last = seen.findLast(({ id }) => id !== "");
      const resumed = await events(mesh.url, jobId, last?.id);
      expect(new Set([...ofStream(seen), ...ofStream(resumed)])).toEqual(new Set(ALL));
      expect(resumed[0]).toEqual(whole[seen.indexOf(last!) + 1]);
    }
  });

  it("come again from the first one to a socket that was cut off between them", async () => {
    const jobId = await newJob();
    for (const faces of GROUPS) await answerGroup(mesh, jobId, faces);
    const first = await openLiveSocket(mesh.url);
    first.watch(jobId);
    await first.untilEnd(jobId);
    const results = first.messages.filter(({ type }) => type === "result");
    for (const [index, { sequence }] of results.entries()) {
      const second = await openLiveSocket(mesh.url);
      second.watch(jobId, sequence);
      await second.untilEnd(jobId);
      const both = [...results.slice(0, index + 1), ...second.messages];
      expect(new Set(ofSocket(both))).toEqual(new Set(ALL));
      await second.close();
    }
    await first.close();
  });

  it("include failures of some of the faces", async () => {
    const jobId = await newJob();
    const reading = events(mesh.url, jobId);
    const value = { code: "model_failed", message: "x", retryable: true };
    const failed = { jobId, stage: "age", face: 2, outcome: { case: "failure" as const, value } };
    const done = [0, 1].map((face) => answerOf(jobId, "age", face));
    await publishAt(mesh, jobId, ["age", 0], together([...done, failed]));
    await publishAt(mesh, jobId, ["age", 3], answerOf(jobId, "age", 3));
    for (const stage of ["embed", "gender", "match"])
      await publishAt(mesh, jobId, [stage, 0], groupAnswer(jobId, stage, GROUPS[0]!));
    await answerGroup(mesh, jobId, GROUPS[1]!);
    const received = await reading;
    expect(received.at(-1)!.event).toBe("complete");
    const job = await jobOf(mesh.url, jobId);
    const states = job.faces.map(({ fields }) => (fields["age"] as { state: string }).state);
    expect(states).toEqual(["done", "done", "failed", "done", "done", "done"]);
  });
});

describe("a job whose results are read from the stream", () => {
  const WAYS = [
    ["of whole groups", [answerGroup, answerGroup]],
    ["of split groups", [answerSplit, answerSplit]],
    ["of faces answered by replicas of before", [answerSingly, answerSingly]],
    ["of all kinds at once", [answerSplit, answerSingly]],
  ] as const;

  it.each(WAYS)("has the results %s, each once", async (_, ways) => {
    const jobId = await newJob();
    const other = await mesh.another();
    const live = events(mesh.url, jobId);
    for (const [index, faces] of GROUPS.entries()) await ways[index]!(mesh, jobId, faces);
    const received = await live;
    expect(ofStream(received).toSorted()).toEqual(ALL.toSorted());
    expect(await events(other.url, jobId)).toEqual(received);
    expect((await jobOf(other.url, jobId)).state).toBe("complete");
  });

  it("has those of a group that was split between replicas of two versions", async () => {
    const jobId = await newJob();
    const other = await mesh.another();
    await answerGroup(mesh, jobId, GROUPS[1]!);
    for (const stage of STAGES_OF_FACES) {
      await publishAt(mesh, jobId, [stage, 0], split(jobId, stage, 0));
      for (const face of [0, 2]) await publishAt(mesh, jobId, [stage, 0, face], answerOf(jobId, stage, face));
      for (const face of [1, 3]) await publishAt(mesh, jobId, [stage, face], answerOf(jobId, stage, face));
    }
    expect(ofStream(await events(other.url, jobId)).toSorted()).toEqual(ALL.toSorted());
  });

  it("is read with one question for each group and stage", async () => {
    const jobId = await newJob();
    for (const faces of GROUPS) await answerGroup(mesh, jobId, faces);
    const other = await mesh.another();
    let questions = 0;
    mesh.broker.nc.subscribe("$JS.API.STREAM.MSG.GET.SF_RESULTS", { callback: () => void questions++ });
    await mesh.broker.nc.flush();
    expect((await jobOf(other.url, jobId)).state).toBe("complete");
    const ofJob = ["accepted", "deleted", "extract"];
    await expect.poll(() => questions).toBe(ofJob.length + GROUPS.length * STAGES_OF_FACES.length);
  });
});

describe("where what the stream stores is not heard", () => {
  let proxy: BrokerProxy;
  let connection: Broker;
  beforeAll(async () => {
    proxy = await startBrokerProxy(mesh.server.port);
    connection = await connectBroker({ url: proxy.url, name: "test" });
  });
  afterAll(async () => {
    await connection?.close();
    await proxy?.close();
  });

  it("a whole group that was lost comes late and is lost to nobody, nor is a face of one that was split", async () => {
    const { url } = await mesh.another({}, connection);
    proxy.lose(/^sf\.v2\.live\..*\.(age\.0|gender\.4|gender\.4\.5)$/);
    const { jobId } = await postPixel(url);
    const reading = events(url, jobId);
    await extractSix(mesh, jobId);
    await answerGroup(mesh, jobId, GROUPS[0]!);
    await answerSplit(mesh, jobId, GROUPS[1]!);
    const received = await reading;
    expect(ofStream(received).toSorted()).toEqual(ALL.toSorted());
    expect(received.at(-1)!.data).toMatchObject({ expired: [] });
  });
});
