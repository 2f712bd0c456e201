import { newJobId } from "@similarfaces/contracts";
import { connectBroker, type Broker } from "@similarfaces/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBrokerProxy, type BrokerProxy } from "./brokerProxy.js";
import { openLiveSocket } from "./liveSocket.js";
import type { Gateway } from "../src/gateway.js";
import { EVENTS_OF_ONE_FACE, answerAll, postPixel, readEvents, startMesh, type Mesh } from "./meshFixture.js";

/** What all clients ask the broker about results; other streams are followed by consumers that are made again under load. */
function countQuestions(broker: Broker) {
  const counts = { consumers: 0, results: 0 };
  const count = (subject: string, name: keyof typeof counts) =>
    broker.nc.subscribe(subject, { callback: () => void counts[name]++ });
  count("$JS.EVENT.ADVISORY.CONSUMER.CREATED.SF_RESULTS.>", "consumers");
  count("$JS.API.STREAM.MSG.GET.SF_RESULTS", "results");
  return counts;
}

const events = (url: string, jobId: string) =>
  fetch(`${url}/v1/jobs/${jobId}/events`).then((response) => readEvents(response));
const metric = async (mesh: Mesh, gateway: Gateway, name: string) =>
  Number(new RegExp(`^${name} (\\d+)$`, "m").exec(await mesh.scrape(gateway))?.[1]);

describe("how much is asked of the broker", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh();
  });
  afterAll(() => mesh?.stop());

  it("nothing for 300 jobs that wait", async () => {
    const counts = countQuestions(mesh.broker);
    await mesh.broker.nc.flush();
    const jobs = [];
    for (let i = 0; i < 300; i++) jobs.push((await postPixel(mesh.url)).jobId);
    expect(await metric(mesh, mesh.gateway, "similarfaces_relay_watched_jobs")).toBe(300);
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    expect(counts).toEqual({ consumers: 0, results: 0 });
    // They are watched all the same.
    const reading = events(mesh.url, jobs[0]!);
    await answerAll(mesh, jobs[0]!);
    expect((await reading).map(({ event }) => event)).toEqual(EVENTS_OF_ONE_FACE);
  });

  it("no consumer and at most two questions for an id that never was, and who asks for many waits behind who asks for one", async () => {
    const [sockets, idsPerSocket] = [100, 64];
    const other = await mesh.another();
    const { url } = other;
    const { jobId } = await postPixel(url);
    await answerAll(mesh, jobId);
    // It has to be read again: a job that its visitors watch already needs no read.
    await expect
      .poll(() => metric(mesh, other, "similarfaces_relay_watched_jobs"), { timeout: 10_000 })
      .toBe(0);
    const counts = countQuestions(mesh.broker);
    await mesh.broker.nc.flush();
    let refused = 0;
    let onFirst = () => {};
    const first = new Promise<void>((resolve) => (onFirst = resolve));
    const pages = await Promise.all(Array.from({ length: sockets }, () => openLiveSocket(url)));
    for (const page of pages) {
      page.onMessage(({ failure }) => {
        if (failure?.code === "job_not_found" && ++refused === 1) onFirst();
      });
      for (let i = 0; i < idsPerSocket; i++) page.watch(newJobId(Date.now()));
    }
    await first;
    expect((await events(url, jobId)).map(({ event }) => event)).toEqual(EVENTS_OF_ONE_FACE);
    expect(refused).toBeLessThan((sockets * idsPerSocket) / 2);
    await expect.poll(() => refused, { timeout: 60_000 }).toBe(sockets * idsPerSocket);
    expect(counts.consumers).toBe(0);
    expect(counts.results).toBeGreaterThan(sockets * idsPerSocket);
    expect(counts.results).toBeLessThanOrEqual(2 * sockets * idsPerSocket + 2 * EVENTS_OF_ONE_FACE.length);
    await Promise.all(pages.map((page) => page.close()));
  });

  it("nothing for an id whose time is over or has not come", async () => {
    const counts = countQuestions(mesh.broker);
    await mesh.broker.nc.flush();
    const day = 24 * 3_600_000;
    expect((await fetch(`${mesh.url}/v1/jobs/${newJobId(Date.now() - day)}`)).status).toBe(410);
    expect((await fetch(`${mesh.url}/v1/jobs/${newJobId(Date.now() + day)}`)).status).toBe(404);
    expect(counts).toEqual({ consumers: 0, results: 0 });
  });
});

describe("where what the stream stores is not heard", () => {
  let mesh: Mesh;
  let proxy: BrokerProxy;
  let connection: Broker;
  let url: string;
  let gateway: Gateway;
  beforeAll(async () => {
    mesh = await startMesh();
    proxy = await startBrokerProxy(mesh.server.port);
    connection = await connectBroker({ url: proxy.url, name: "test" });
    gateway = await mesh.another({}, connection);
    ({ url } = gateway);
  });
  afterAll(async () => {
    proxy?.lose(undefined);
    await connection?.close();
    await proxy?.close();
    await mesh?.stop();
  });

  it.each([
    ["the first of all", /^sf\.v2\.live\..*\.accepted$/],
    ["one in the middle", /^sf\.v2\.live\..*\.gender\.0$/],
  ])("a job is read for what was lost, %s, and each result is shown once", async (_, subjects) => {
    const lostBefore = proxy.lost;
    proxy.lose(subjects);
    const { jobId } = await postPixel(url);
    const reading = events(url, jobId);
    await answerAll(mesh, jobId);
    const shown = (await reading).map(({ event }) => event);
    expect(proxy.lost).toBeGreaterThan(lostBefore);
    expect(shown.at(-1)).toBe("complete");
    expect(shown.toSorted()).toEqual(EVENTS_OF_ONE_FACE.toSorted());
    expect(await metric(mesh, gateway, 'similarfaces_relay_replays_total\\{reason="deadline"\\}')).toBe(0);
  });

  it("one check finds all that many jobs have lost", async () => {
    proxy.lose(undefined);
    const jobs = [];
    for (let i = 0; i < 40; i++) jobs.push((await postPixel(url)).jobId);
    const counts = countQuestions(mesh.broker);
    await mesh.broker.nc.flush();
    proxy.lose(/^sf\.v2\.live\./);
    const readings = jobs.map((jobId) => events(url, jobId));
    await Promise.all(jobs.map((jobId) => answerAll(mesh, jobId)));
    for (const reading of readings)
      expect((await reading).map(({ event }) => event)).toEqual(EVENTS_OF_ONE_FACE);
    expect(counts.consumers).toBeGreaterThan(0);
    expect(counts.consumers).toBeLessThan(10);
  });

  it("and after the connection was cut", async () => {
    proxy.lose(undefined);
    const { jobId } = await postPixel(url);
    const reading = events(url, jobId);
    proxy.cut();
    await answerAll(mesh, jobId);
    const shown = (await reading).map(({ event }) => event);
    expect(shown.at(-1)).toBe("complete");
    expect(shown.toSorted()).toEqual(EVENTS_OF_ONE_FACE.toSorted());
  });

  it("results of other gateways' jobs cost one check each 2 s, however many they are", async () => {
    proxy.lose(undefined);
    const { jobId } = await postPixel(url);
    const counts = countQuestions(mesh.broker);
    await mesh.broker.nc.flush();
    for (let i = 0; i < 20; i++) await answerAll(mesh, (await postPixel(mesh.url)).jobId);
    await expect.poll(() => counts.consumers, { timeout: 10_000 }).toBe(1);
    expect(counts.results).toBe(0);
    await answerAll(mesh, jobId);
  });
});
