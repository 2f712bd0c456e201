import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AnnouncementJson } from "@similarfaces/contracts";
import type { About, Status } from "@similarfaces/contracts/api";
import { openLiveSocket } from "./liveSocket.js";
import { PIXEL, analysisOf, extracted, postPixel, startMesh, type Mesh } from "./meshFixture.js";
import { HAT } from "./playedAnalyzers.js";

const WITHOUT_HAT = ["quality", "age", "gender"];
const WITH_HAT = ["quality", "hat", "age", "gender"];

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh({ MODELS_DIR: "/nonexistent" });
});
afterAll(() => mesh?.stop());

async function get<Body>(path: string, url = mesh.url): Promise<Body> {
  return (await (await fetch(`${url}${path}`)).json()) as Body;
}
const namesOf = (analyzers: readonly AnnouncementJson[]) => analyzers.map(({ name }) => name);
const listed = async (url = mesh.url) =>
  namesOf((await get<{ analyzers: AnnouncementJson[] }>("/v1/analyzers", url)).analyzers);
const stagesOf = async (jobId: string) =>
  (await get<{ accepted: { stages: string[] } }>(`/v1/jobs/${jobId}`)).accepted.stages;
const seriesOf = async (stage: string) =>
  (await mesh.scrape()).split("\n").filter((line) => line.includes(`stage="${stage}"`));

describe("an analyzer that announces itself", () => {
  beforeEach(async () => {
    await mesh.analyzers.retire(HAT.name).catch(() => {});
    await expect.poll(() => listed()).toEqual(WITHOUT_HAT);
  });

  it("is listed, quality first and the others in their order, and gone with its announcement", async () => {
    await mesh.analyzers.announce(HAT);
    await expect.poll(() => listed()).toEqual(WITH_HAT);
    const { analyzers } = await get<{ analyzers: AnnouncementJson[] }>("/v1/analyzers");
    expect(analyzers[1]).toMatchObject({ title: { en: "hat" }, answers: [{ name: "hat" }] });
    await mesh.analyzers.withdraw(HAT.name);
    await expect.poll(() => listed()).toEqual(WITHOUT_HAT);
  });

  it("appears in an open stream, and disappears from it", async () => {
    const lists = openStream(mesh.url);
    expect(await lists.next()).toEqual(WITHOUT_HAT);
    await mesh.analyzers.announce(HAT);
    expect(await lists.next()).toEqual(WITH_HAT);
    await mesh.analyzers.withdraw(HAT.name);
    expect(await lists.next()).toEqual(WITHOUT_HAT);
    lists.close();
  });

  it("appears on an open socket that has asked for them, beside the jobs that it watches", async () => {
    const socket = await openLiveSocket(mesh.url);
    const other = await openLiveSocket(mesh.url);
    const shown = () =>
      socket.messages.flatMap(({ type, analyzers }) => (type === "analyzers" ? [namesOf(analyzers!)] : []));
    socket.askForAnalyzers();
    await expect.poll(shown).toEqual([WITHOUT_HAT]);
    const { jobId } = await postPixel(mesh.url);
    socket.watch(jobId);
    other.watch(jobId);
    await mesh.analyzers.announce(HAT);
    await expect.poll(shown).toEqual([WITHOUT_HAT, WITH_HAT]);
    await mesh.analyzers.withdraw(HAT.name);
    await expect.poll(shown).toEqual([WITHOUT_HAT, WITH_HAT, WITHOUT_HAT]);
    await mesh.publish(extracted(jobId, 0));
    expect(await socket.untilEnd(jobId)).toEqual(["accepted", "extract", "complete"]);
    expect(other.messages.some(({ type }) => type === "analyzers")).toBe(false);
    await socket.close();
    await other.close();
  });

  it("is known to a gateway that starts later", async () => {
    await mesh.analyzers.announce(HAT);
    const { url } = await mesh.another();
    expect(await listed(url)).toEqual(WITH_HAT);
  });

  it("is asked for by jobs accepted from then on, and its answer is a field like any other", async () => {
    const before = await postPixel(mesh.url);
    await mesh.analyzers.announce(HAT);
    await expect.poll(() => listed()).toEqual(WITH_HAT);
    const after = await postPixel(mesh.url);
    expect(await stagesOf(before.jobId)).toEqual(["extract", "quality", "embed", "match", "age", "gender"]);
    expect(await stagesOf(after.jobId)).toEqual([
      "extract",
      "quality",
      "embed",
      "match",
      "hat",
      "age",
      "gender",
    ]);
    const value = { label: "none", probability: 1, probabilities: [] };
    for (const { jobId } of [before, after]) {
      await mesh.publish(extracted(jobId, 1));
      const outcome = analysisOf("hat", { case: "classification", value });
      await mesh.publish({ jobId, stage: "hat", face: 0, outcome });
    }
    type Job = { faces: { fields: Record<string, { state: string } | undefined> }[] };
    const hatOf = async (jobId: string) =>
      (await get<Job>(`/v1/jobs/${jobId}`)).faces[0]?.fields["hat"]?.state;
    await expect.poll(() => hatOf(after.jobId)).toBe("done");
    // Who was not asked is not heard.
    expect(await hatOf(before.jobId)).toBeUndefined();
  });

  it("may be named, alone or with others; what is not there is refused with the names of what is", async () => {
    await mesh.analyzers.announce(HAT);
    await expect.poll(() => listed()).toEqual(WITH_HAT);
    const named = await postPixel(mesh.url, "?stages=age,hat");
    expect(await stagesOf(named.jobId)).toEqual(["extract", "hat", "age"]);
    const refused = await fetch(`${mesh.url}/v1/jobs?stages=hat,shoe`, { method: "POST", body: PIXEL });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      failure: {
        code: "bad_request",
        message:
          "stages takes a list of extract, quality, embed, match, hat, age, gender, or of their answers' names",
      },
    });
    await mesh.analyzers.withdraw(HAT.name);
    await expect.poll(() => listed()).toEqual(WITHOUT_HAT);
    const gone = await fetch(`${mesh.url}/v1/jobs?stages=hat`, { method: "POST", body: PIXEL });
    expect(gone.status).toBe(400);
  });

  it("may be named by one of its answers, whoever gives it; an analyzer of that name comes first", async () => {
    const answers = ["hat", "age", "brim"].map((name) => ({
      name,
      title: { en: name },
      kind: { case: "classification", value: {} } as const,
    }));
    await mesh.analyzers.announce({ name: HAT.name, order: 0, title: { en: "hat" }, answers });
    await expect.poll(() => listed()).toEqual(WITH_HAT);
    const askedFor = async (stages: string) =>
      stagesOf((await postPixel(mesh.url, `?stages=${stages}`)).jobId);
    await expect.poll(() => askedFor("brim")).toEqual(["extract", "hat"]);
    expect(await askedFor("brim, hat")).toEqual(["extract", "hat"]);
    expect(await askedFor("age")).toEqual(["extract", "age"]);
    expect(await askedFor("sharpness")).toEqual(["extract", "quality"]);
  });

  it("is in /v1/about with its model, though the gateway has no models on its disk", async () => {
    const models = async () =>
      (await get<About>("/v1/about")).models.map(({ name, id, task }) => ({ name, id, task }));
    const played = (name: string) => ({ name, id: `played-${name}`, task: "analyze" });
    expect(await models()).toEqual([played("age"), played("gender")]);
    const [age] = (await get<About>("/v1/about")).models;
    const measured = [{ data: "nobody", n: 1, date: "2026-11", figures: { accuracy: 0.5 } }];
    expect(age).toMatchObject({
      precision: "float32",
      measured,
      variants: [{ precision: "float32", measured }],
    });
    await mesh.analyzers.announce(HAT);
    await expect.poll(models).toEqual([played("hat"), played("age"), played("gender")]);
    const about = await get<About>("/v1/about");
    expect(namesOf(about.analyzers)).toEqual(WITH_HAT);
    expect(about.stages).toEqual(["extract", "quality", "embed", "match", "enrol", "hat", "age", "gender"]);
    expect(about.contracts.map(({ file }) => file)).toContain("analyzer.proto");
  });

  it("has its backlog in /v1/status and the metrics, which ends with its consumer and stops nobody's", async () => {
    const statusOf = async (stage: string) =>
      (await get<Status>("/v1/status")).stages.find((each) => each.stage === stage);
    await mesh.analyzers.announce(HAT);
    await mesh.broker.js.publish("sf.v2.work.job.face.0", new Uint8Array(1));
    await expect.poll(async () => (await statusOf("hat"))?.waiting).toBe(1);
    await expect.poll(() => seriesOf("hat")).not.toEqual([]);
    // Its consumer first: the order in which a gateway notices is not given.
    await mesh.broker.jsm.consumers.delete("SF_FACES", "hat");
    await expect.poll(() => seriesOf("hat")).toEqual([]);
    expect((await statusOf("hat"))?.waiting).toBe(0);
    await mesh.broker.js.publish("sf.v2.work.job.face.1", new Uint8Array(1));
    await expect.poll(async () => (await statusOf("age"))?.waiting).toBe(2);
    await mesh.analyzers.withdraw(HAT.name);
    await expect.poll(() => statusOf("hat")).toBeUndefined();
    await postPixel(mesh.url);
    await mesh.broker.jsm.streams.purge("SF_FACES");
  });
});

it("an installation without quality lists the announced analyzers alone", async () => {
  const { url } = await mesh.another({ STAGES: "extract,embed,whoever" });
  expect(await listed(url)).toEqual(["age", "gender"]);
  const about = await get<About>("/v1/about", url);
  expect(about.stages).toEqual(["extract", "embed", "age", "gender"]);
});

/** The lists of an open stream of events, as they come. */
function openStream(url: string) {
  const ending = new AbortController();
  const lists = readLists();
  return {
    next: async () => (await lists.next()).value as string[],
    close: () => ending.abort(),
  };

  async function* readLists() {
    const headers = { accept: "text/event-stream" };
    const response = await fetch(`${url}/v1/analyzers`, { headers, signal: ending.signal });
    expect(response.headers.get("content-type")).toMatch("text/event-stream");
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of response.body!) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop()!;
      for (const block of blocks) {
        const [, data] = /^event: analyzers\ndata: (.*)$/.exec(block) ?? [];
        if (data) yield namesOf((JSON.parse(data) as { analyzers: AnnouncementJson[] }).analyzers);
      }
    }
  }
}
