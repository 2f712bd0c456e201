import sharp from "sharp";
import { jobBlobKey } from "@similarfaces/runtime";
import type { Job } from "@similarfaces/contracts/api";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { extracted, imageWorkOf, postPixel, sheetOf, startMesh, type Mesh } from "./meshFixture.js";
import { HAT } from "./playedAnalyzers.js";

const LARGE_HAT = { ...HAT, chipSide: 144 };

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh({ MODELS_DIR: "/nonexistent" });
});
afterAll(() => mesh?.stop());
afterEach(async () => {
  for (const name of [HAT.name, "embed"]) await mesh.analyzers.withdraw(name);
  await expect.poll(sideOfNext).toBe(112);
});

const jobOf = async (jobId: string) => (await (await fetch(`${mesh.url}/v1/jobs/${jobId}`)).json()) as Job;

/** As viewers are told, which is what `extract` is told. */
async function sideOf(jobId: string): Promise<number> {
  const { chipSide } = (await jobOf(jobId)).accepted!;
  expect((await imageWorkOf(mesh, jobId)).chipSide).toBe(chipSide);
  return chipSide;
}
const sideOfNext = async (query = "") => sideOf((await postPixel(mesh.url, query)).jobId);

it("a job has chips of 112 pixels, and of 144 where an analyzer that it asks for wants them", async () => {
  expect(await sideOfNext()).toBe(112);
  await mesh.analyzers.announce(LARGE_HAT);
  await expect.poll(sideOfNext).toBe(144);
  expect(await sideOfNext("?stages=hat")).toBe(144);
  expect(await sideOfNext("?stages=age,match")).toBe(112);
});

it("the embedder counts where the job has embeddings", async () => {
  await mesh.analyzers.announce({ name: "embed", chipSide: 144 });
  await expect.poll(sideOfNext).toBe(144);
  expect(await sideOfNext("?stages=match")).toBe(144);
  expect(await sideOfNext("?stages=age")).toBe(112);
});

it("a side that no chip has is passed over", async () => {
  await mesh.analyzers.announce({ name: "embed", chipSide: 144 });
  await mesh.analyzers.announce({ ...HAT, chipSide: 4_096 });
  await expect
    .poll(async () => (await jobOf((await postPixel(mesh.url)).jobId)).accepted!.stages)
    .toContain("hat");
  await expect.poll(sideOfNext).toBe(144);
  expect(await sideOfNext("?stages=hat")).toBe(112);
});

it("is fixed when the job is accepted, whoever comes or leaves meanwhile; its sheet is cut by it", async () => {
  const small = await postPixel(mesh.url);
  await mesh.analyzers.announce(LARGE_HAT);
  await expect.poll(sideOfNext).toBe(144);
  const large = await postPixel(mesh.url);
  await mesh.analyzers.withdraw(HAT.name);
  await expect.poll(sideOfNext).toBe(112);
  for (const [{ jobId }, side] of [
    [small, 112],
    [large, 144],
  ] as const) {
    expect(await sideOf(jobId)).toBe(side);
    await mesh.publish(extracted(jobId, 2));
    await mesh.blobs.put(jobBlobKey(jobId, "faces.jpg"), await sheetOf([200, 40], side), "image/jpeg");
    const second = sharp(await (await fetch(`${mesh.url}/v1/jobs/${jobId}/faces/1.jpg`)).arrayBuffer());
    expect(await second.metadata()).toMatchObject({ format: "jpeg", width: side, height: side });
    expect((await second.stats()).channels[0]).toMatchObject({ min: 40, max: 40 });
  }
});
