import { jobBlobKey, jobBlobPrefix } from "@similarfaces/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import { answers, extracted, postPixel, startMesh, type Mesh } from "./meshFixture.js";

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
});
afterAll(() => mesh?.stop());

it("what a stage still published after a deletion is gone after the last look", async () => {
  const { jobId } = await postPixel(mesh.url);
  await mesh.publish(extracted(jobId, 1));
  const response = await fetch(`${mesh.url}/v1/jobs/${jobId}`, { method: "DELETE" });
  const { lastLookAtMs } = (await response.json()) as { lastLookAtMs: number };
  // A chip was in a worker's memory, a picture on its way.
  for (const result of answers(jobId, 0)) await mesh.publish(result);
  await mesh.blobs.put(jobBlobKey(jobId, "faces.jpg"), Buffer.from([1]), "image/jpeg");
  await mesh.broker.js.publish(`sf.v1.work.${jobId}.embedding.0`, new Uint8Array(10));
  expect((await fetch(`${mesh.url}/v1/jobs/${jobId}`)).status).toBe(410);
  await new Promise((resolve) => setTimeout(resolve, lastLookAtMs - Date.now()));
  const left = async () => {
    const { state } = await mesh.broker.jsm.streams.info("SF_RESULTS", {
      subjects_filter: `sf.v1.result.${jobId}.>`,
    });
    const embeddings = (await mesh.broker.jsm.streams.info("SF_EMBEDDINGS")).state.messages;
    return {
      results: Object.keys(state.subjects ?? {}),
      embeddings,
      blobs: await mesh.blobs.list(jobBlobPrefix(jobId)),
    };
  };
  await expect
    .poll(left, { timeout: 10_000 })
    .toEqual({ results: [`sf.v1.result.${jobId}.deleted`], embeddings: 0, blobs: [] });
  expect((await fetch(`${mesh.url}/v1/jobs/${jobId}`)).status).toBe(410);
});
