import { StageFailure, newJobId } from "@similarfaces/contracts";
import { createLog, jobBlobKey, jobBlobPrefix } from "@similarfaces/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDeletions } from "../src/jobs/deletion.js";
import { schedulePurge, consumePurges } from "../src/jobs/laterPurges.js";
import { answers, extracted, postPixel, startMesh, type Mesh } from "./meshFixture.js";

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
});
afterAll(() => mesh?.stop());

const log = createLog({ service: "test", level: "silent" });

/** A chip was in a worker's memory, a picture on its way. */
async function publishLate(jobId: string): Promise<void> {
  for (const result of answers(jobId, 0)) await mesh.publish(result);
  await mesh.blobs.put(jobBlobKey(jobId, "faces.jpg"), Buffer.from([1]), "image/jpeg");
  await mesh.broker.js.publish(`sf.v2.work.${jobId}.embedding.0`, new Uint8Array(10));
}

async function leftOf(jobId: string) {
  const { streams } = mesh.broker.jsm;
  const { state } = await streams.info("SF_RESULTS", { subjects_filter: `sf.v2.result.${jobId}.>` });
  return {
    results: Object.keys(state.subjects ?? {}),
    embeddings: (await streams.info("SF_EMBEDDINGS")).state.messages,
    blobs: await mesh.blobs.list(jobBlobPrefix(jobId)),
    deletions: (await streams.info("SF_DELETIONS")).state.messages,
  };
}

/** All but the tombstone. */
const nothingOf = (jobId: string) => ({
  results: [`sf.v2.result.${jobId}.deleted`],
  embeddings: 0,
  blobs: [],
  deletions: 0,
});

it("what a stage still published after a deletion is gone after the later purge", async () => {
  const { jobId } = await postPixel(mesh.url);
  await mesh.publish(extracted(jobId, 1));
  const response = await fetch(`${mesh.url}/v1/jobs/${jobId}`, { method: "DELETE" });
  const { purgedAgainAtMs } = (await response.json()) as { purgedAgainAtMs: number };
  await publishLate(jobId);
  expect((await fetch(`${mesh.url}/v1/jobs/${jobId}`)).status).toBe(410);
  await new Promise((resolve) => setTimeout(resolve, purgedAgainAtMs - Date.now()));
  await expect.poll(() => leftOf(jobId), { timeout: 10_000 }).toEqual(nothingOf(jobId));
  expect((await fetch(`${mesh.url}/v1/jobs/${jobId}`)).status).toBe(410);
});

it("the later purge is any gateway's: another takes it where the first is gone, also over a restart of the broker", async () => {
  const { jobId } = await postPixel(mesh.url);
  await mesh.publish(extracted(jobId, 1));
  // No gateway lives but the one that deletes.
  await mesh.gateway.close();
  const first = openDeletions({ broker: mesh.broker, blobs: mesh.blobs, log, laterPurgeInMs: 1_000 });
  const { purgedAgainAtMs } = await first.delete(jobId, undefined);
  await first.close();
  await publishLate(jobId);
  await mesh.server.kill();
  await mesh.server.restart();
  await expect.poll(() => mesh.broker.connected(), { timeout: 10_000 }).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, purgedAgainAtMs + 500 - Date.now()));
  expect(await leftOf(jobId)).toMatchObject({ embeddings: 1, blobs: [expect.anything()], deletions: 1 });
  const next = await mesh.another();
  await expect.poll(() => leftOf(jobId), { timeout: 20_000 }).toEqual(nothingOf(jobId));
  const response = await fetch(`${next.url}/v1/jobs/${jobId}`);
  expect(response.status).toBe(410);
  expect(await response.json()).toMatchObject({ failure: { code: "job_deleted" } });
});

it("a deletion that a store interrupted claims nothing, and is gone on with by itself", async () => {
  const { url } = await mesh.another();
  const { jobId } = await postPixel(url);
  const down = () => Promise.reject(new StageFailure("storage_unavailable"));
  const blobs = { ...mesh.blobs, list: down };
  const broken = openDeletions({ broker: mesh.broker, blobs, log, laterPurgeInMs: 500 });
  await expect(broken.delete(jobId, undefined)).rejects.toMatchObject({ code: "storage_unavailable" });
  await broken.close();
  expect((await fetch(`${url}/v1/jobs/${jobId}`)).status).toBe(410);
  await expect.poll(() => leftOf(jobId), { timeout: 20_000 }).toEqual(nothingOf(jobId));
});

it("purges a few jobs at a time, however many are due", async () => {
  const mesh = await startMesh();
  await mesh.gateway.close();
  const jobs = Array.from({ length: 40 }, () => newJobId(Date.now()));
  const due = (jobId: string) => ({ jobId, deletedAtMs: 1, owner: "", purgeAtMs: 1 });
  await Promise.all(jobs.map((jobId) => schedulePurge(mesh.broker, due(jobId))));
  const seen = new Set<string>();
  let now = 0;
  let most = 0;
  const purges = consumePurges({
    broker: mesh.broker,
    log,
    async purge({ jobId }) {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 20));
      now--;
      seen.add(jobId);
    },
  });
  await expect.poll(() => jobs.every((jobId) => seen.has(jobId)), { timeout: 20_000 }).toBe(true);
  await purges.close();
  await mesh.stop();
  expect(most).toBe(8);
});
