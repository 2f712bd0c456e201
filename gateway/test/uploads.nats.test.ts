import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STREAM_NAMES, newJobId } from "@similarfaces/contracts";
import { jobBlobKey } from "@similarfaces/runtime";
import { PIXEL, answerAll, extracted, postPixel, readEvents, startMesh, type Mesh } from "./meshFixture.js";

const MINUTE_MS = 60_000;
const uploadOf = (jobId: string) => jobBlobKey(jobId, "upload");

/** Waits as long as the test may take. */
async function untilGone(mesh: Mesh, key: string): Promise<void> {
  while (await mesh.blobs.get(key)) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("an upload", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ JOB_DEADLINE_MS: "3000" });
  });
  afterAll(() => mesh?.stop());

  it("goes with a failure of extract, whoever published it", async () => {
    const { jobId } = await postPixel(mesh.url);
    const failure = { code: "undecodable_image", message: "The file is damaged.", retryable: false };
    await mesh.publish({ jobId, stage: "extract", outcome: { case: "failure", value: failure } });
    await untilGone(mesh, uploadOf(jobId));
  });

  it("goes with the deadline where no extract lives", async () => {
    const { jobId } = await postPixel(mesh.url);
    const events = await readEvents(await fetch(`${mesh.url}/v1/jobs/${jobId}/events`));
    expect(events.at(-1)!.data).toMatchObject({ expired: [{ stage: "extract" }] });
    await untilGone(mesh, uploadOf(jobId));
  });

  it("stays where extract has answered: it may have to make the stored photo from it once more", async () => {
    const { jobId } = await postPixel(mesh.url);
    await answerAll(mesh, jobId);
    const { jobId: failed } = await postPixel(mesh.url);
    await mesh.publish(extracted(failed, 0));
    for (const id of [jobId, failed]) {
      await readEvents(await fetch(`${mesh.url}/v1/jobs/${id}/events`));
      expect(await mesh.blobs.get(uploadOf(id))).toBeDefined();
    }
  });

  it("of a photo that could not be taken goes at once", async () => {
    const { jsm } = mesh.broker;
    const before = await mesh.blobs.list("jobs/");
    const { messages } = (await jsm.streams.info(STREAM_NAMES.images)).state;
    await jsm.streams.update(STREAM_NAMES.images, { max_msgs: messages });
    try {
      const response = await fetch(`${mesh.url}/v1/jobs`, { method: "POST", body: PIXEL });
      expect(response.status).toBe(503);
      for (let left = Infinity; left > before.length; left = (await mesh.blobs.list("jobs/")).length);
    } finally {
      await jsm.streams.update(STREAM_NAMES.images, { max_msgs: -1 });
    }
  });

  it("that somebody left behind is swept when a gateway starts, and nothing else is", async () => {
    const old = newJobId(Date.now() - 4 * MINUTE_MS);
    const young = newJobId(Date.now());
    const keep = [jobBlobKey(old, "photo.jpg"), jobBlobKey(old, "faces.jpg"), uploadOf(young)];
    for (const key of [uploadOf(old), ...keep]) await mesh.blobs.put(key, PIXEL, "image/gif");
    await mesh.another();
    await untilGone(mesh, uploadOf(old));
    for (const key of keep) expect(await mesh.blobs.get(key)).toBeDefined();
  });
});
