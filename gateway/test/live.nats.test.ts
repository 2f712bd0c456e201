import { newJobId } from "@similarfaces/contracts";
import { connectBroker, type Broker } from "@similarfaces/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBrokerProxy, type BrokerProxy } from "./brokerProxy.js";
import { openLiveSocket } from "./liveSocket.js";
import type { Gateway } from "../src/gateway.js";
import { EVENTS_OF_ONE_FACE, answerAll, postPixel, startMesh, type Mesh } from "./meshFixture.js";

const PATIENTLY = { timeout: 20_000 };

describe.each(["uws", "node"])("a socket on %s", (driver) => {
  let mesh: Mesh;
  let proxy: BrokerProxy;
  let connection: Broker;
  let url: string;
  let gateway: Gateway;
  beforeAll(async () => {
    mesh = await startMesh();
    proxy = await startBrokerProxy(mesh.server.port);
    connection = await connectBroker({ url: proxy.url, name: "test" });
    gateway = await mesh.another({ HTTP_DRIVER: driver }, connection);
    ({ url } = gateway);
  });
  afterAll(async () => {
    proxy?.resume();
    await connection?.close();
    await proxy?.close();
    await mesh?.stop();
  });

  /** Of one moment. */
  const open = async () => {
    const text = await mesh.scrape(gateway);
    return {
      sockets: Number(/sockets{kind="websocket"} (\d+)/.exec(text)?.[1]),
      watched: Number(/relay_watched_jobs (\d+)/.exec(text)?.[1]),
      complete: Number(/jobs_total{outcome="complete"} (\d+)/.exec(text)?.[1]),
    };
  };

  it("that watches, unwatches and watches a job gets each event once, although the first was never answered", async () => {
    const { jobId } = await postPixel(mesh.url);
    const page = await openLiveSocket(url);
    proxy.stall();
    for (let i = 0; i < 3; i++) {
      page.watch(jobId);
      page.unwatch(jobId);
    }
    page.watch(jobId);
    page.watch("no id");
    // What was sent before is taken by then.
    await expect.poll(() => page.messages.map(({ type }) => type), PATIENTLY).toEqual(["failure"]);
    proxy.resume();
    await expect.poll(() => page.messages.length, PATIENTLY).toBe(2);
    await answerAll(mesh, jobId);
    expect(await page.untilEnd(jobId)).toEqual(EVENTS_OF_ONE_FACE);
    page.messages.length = 0;
    page.watch(jobId);
    expect(await page.untilEnd(jobId)).toEqual(EVENTS_OF_ONE_FACE);
    await page.close();
    await expect.poll(open, PATIENTLY).toMatchObject({ sockets: 0, watched: 0 });
  });

  it("that is closed watches nothing any more, not even what is still being read; the job's outcome is still counted", async () => {
    const own = await postPixel(url);
    const others = [];
    for (let i = 0; i < 3; i++) others.push((await postPixel(mesh.url)).jobId);
    const page = await openLiveSocket(url);
    proxy.stall();
    for (const jobId of [own.jobId, ...others]) page.watch(jobId);
    for (let i = 0; i < 20; i++) page.watch(newJobId(Date.now()));
    await expect.poll(open, PATIENTLY).toMatchObject({ sockets: 1, watched: 1 + 3 + 20 });
    await page.close();
    // The moment it is gone, although the broker has still said nothing.
    let now = await open();
    while (now.sockets > 0) now = await open();
    expect(now.watched).toBe(1);
    proxy.resume();
    await answerAll(mesh, own.jobId);
    await expect.poll(open, PATIENTLY).toMatchObject({ complete: 1 });
  });
});
