import { newJobId } from "@similarfaces/contracts";
import { connectBroker, type Broker } from "@similarfaces/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBrokerProxy, type BrokerProxy } from "./brokerProxy.js";
import { openLiveSocket, type LiveMessage } from "./liveSocket.js";
import { answerAll, postPixel, startMesh, type Mesh } from "./meshFixture.js";

type Page = Awaited<ReturnType<typeof openLiveSocket>>;

/** One behaviour, whichever server serves it. */
describe.each(["uws", "node"])("a socket on %s that shows a finished job", (driver) => {
  let mesh: Mesh;
  let proxy: BrokerProxy;
  let connection: Broker;
  let url: string;
  let page: Page;
  beforeAll(async () => {
    mesh = await startMesh();
    proxy = await startBrokerProxy(mesh.server.port);
    connection = await connectBroker({ url: proxy.url, name: "test" });
    ({ url } = await mesh.another({ HTTP_DRIVER: driver }, connection));
    page = await openLiveSocket(url);
  });
  afterAll(async () => {
    await page?.close();
    await connection?.close();
    await proxy?.close();
    await mesh?.stop();
  });

  /** Watched to its end by the page, which then waits for its deletion. */
  async function shownJob(): Promise<string> {
    const { jobId } = await postPixel(mesh.url);
    page.watch(jobId);
    await answerAll(mesh, jobId);
    await page.untilEnd(jobId);
    page.messages.length = 0;
    page.awaitDeletion(jobId);
    return jobId;
  }
  /** By another gateway. */
  const deletedAt = async (jobId: string) => {
    const response = await fetch(`${mesh.url}/v1/jobs/${jobId}`, { method: "DELETE" });
    return ((await response.json()) as { deletedAtMs: number }).deletedAtMs;
  };
  const accept = (jobId: string, owner = "") => {
    const value = { stages: ["extract"], owner, acceptedAtMs: 1, deadlineAtMs: 2, expiresAtMs: 3 };
    return mesh.publish({ jobId, stage: "accepted", outcome: { case: "accepted", value } });
  };
  const said = () => page.messages.map((message) => wordsOf(message));
  const wordsOf = ({ jobId, event, failure }: LiveMessage) =>
    `${jobId} ${event ? event.stage : failure!.code}`;
  /** What is asked after it is answered after it. */
  const untilAsked = async () => {
    const nobody = newJobId(Date.now());
    page.awaitDeletion(nobody);
    await expect.poll(said, { timeout: 10_000 }).toContain(`${nobody} job_not_found`);
    page.messages.length = 0;
  };

  it("is told that it is deleted, and when, once", async () => {
    const jobId = await shownJob();
    await untilAsked();
    const deletedAtMs = await deletedAt(jobId);
    await expect.poll(said).toEqual([`${jobId} deleted`]);
    expect(page.messages[0]!.event!.deleted).toEqual({ deletedAtMs });
    expect(page.messages[0]!.sequence).toBeGreaterThan(0);
    await untilAsked();
  });

  it("is told at once of a deletion that it has missed", async () => {
    const { jobId } = await postPixel(mesh.url);
    await deletedAt(jobId);
    page.awaitDeletion(jobId);
    await expect.poll(said).toEqual([`${jobId} deleted`]);
    page.messages.length = 0;
  });

  it("is told of a deletion that the broker did not deliver, once the connection was away", async () => {
    const jobId = await shownJob();
    await untilAsked();
    proxy.lose(/^sf\.v2\.live\..*\.deleted$/);
    await deletedAt(jobId);
    await expect.poll(() => proxy.lost).toBeGreaterThan(0);
    expect(said()).toEqual([]);
    proxy.cut();
    await expect.poll(said, { timeout: 20_000 }).toEqual([`${jobId} deleted`]);
    proxy.lose(undefined);
    page.messages.length = 0;
  });

  it("and that it has expired, has never been, or is somebody else's", async () => {
    const old = newJobId(Date.now() - 600_000 + 2_000);
    const [unknown, others] = [newJobId(Date.now()), newJobId(Date.now())];
    await accept(old);
    await accept(others, "a-key");
    for (const jobId of [old, unknown, others]) page.awaitDeletion(jobId);
    const expected = [`${others} job_not_found`, `${unknown} job_not_found`, `${old} job_expired`];
    await expect.poll(() => said().toSorted(), { timeout: 10_000 }).toEqual(expected.toSorted());
    page.messages.length = 0;
    page.awaitDeletion(newJobId(Date.now() - 3_600_000));
    await expect.poll(said).toEqual([expect.stringMatching(/job_expired$/)]);
    page.messages.length = 0;
  });

  it("is told nothing of a job that it does not show any more", async () => {
    const [left, kept] = [await shownJob(), await shownJob()];
    page.unwatch(left);
    await untilAsked();
    await deletedAt(left);
    await deletedAt(kept);
    await expect.poll(said).toEqual([`${kept} deleted`]);
    page.messages.length = 0;
  });

  it("waits for 64 at most, whatever it watches beside them", async () => {
    const other = await openLiveSocket(url);
    const jobs = Array.from({ length: 65 }, () => newJobId(Date.now()));
    await Promise.all(jobs.map((jobId) => accept(jobId)));
    for (const jobId of jobs) other.awaitDeletion(jobId);
    await expect
      .poll(() => other.messages.map((message) => wordsOf(message)))
      .toEqual([`${jobs[64]!} bad_request`]);
    other.watch(jobs[0]!);
    await expect.poll(() => other.messages.map(({ event }) => event?.stage)).toContain("accepted");
    await other.close();
  });
});
