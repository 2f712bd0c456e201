import { afterEach, beforeEach, expect, it } from "vitest";
import { PIXEL, startMesh, type Mesh } from "./meshFixture.js";

const PHOTOS = 30;

let mesh: Mesh;
beforeEach(async () => {
  mesh = await startMesh();
});
afterEach(() => mesh?.stop());

interface Photo {
  name: string;
  job?: { jobId: string };
  failure?: { code: string; message: string; retryable: boolean };
}

/** A form of PHOTOS, during which something happens as soon as the first of them is accepted. */
async function enrolWhile(happens: () => unknown): Promise<{ status: number; photos: Photo[] }> {
  const form = new FormData();
  form.set("name", "Ada");
  form.set("consent", "herself");
  for (let i = 0; i < PHOTOS; i++) form.append("photo", new Blob([PIXEL]), `${i}.gif`);
  let happening: unknown;
  const watching = mesh.broker.nc.subscribe("sf.v2.live.*.accepted", {
    max: 1,
    callback: () => void (happening = happens()),
  });
  await mesh.broker.nc.flush();
  const headers = { prefer: "wait=0" };
  const response = await fetch(`${mesh.url}/v1/gallery/identities`, { method: "POST", headers, body: form });
  await happening;
  watching.unsubscribe();
  const { photos } = (await response.json()) as { photos: Photo[] };
  return { status: response.status, photos };
}

/** Those accepted are jobs with their work stored, and no other photo is one. */
async function expectTold(photos: readonly Photo[]): Promise<{ accepted: number; codes: Set<string> }> {
  expect(photos.map(({ name }) => name)).toEqual(Array.from({ length: PHOTOS }, (_, i) => `${i}.gif`));
  const jobs = photos.flatMap(({ job }) => job?.jobId ?? []);
  for (const jobId of jobs) expect((await fetch(`${mesh.url}/v1/jobs/${jobId}`)).status).toBe(200);
  const { state } = await mesh.broker.jsm.streams.info("SF_IMAGES", { subjects_filter: ">" });
  expect(Object.keys(state.subjects ?? {}).sort()).toEqual(
    jobs.map((jobId) => `sf.v2.work.${jobId}.image`).sort(),
  );
  const failures = photos.flatMap(({ failure }) => failure ?? []);
  expect(jobs.length + failures.length).toBe(PHOTOS);
  expect(failures.every(({ retryable, message }) => retryable && message !== "")).toBe(true);
  return { accepted: jobs.length, codes: new Set(failures.map(({ code }) => code)) };
}

it("what was accepted before admission closed is said, and so is what was not", async () => {
  const { status, photos } = await enrolWhile(() => mesh.gateway.refuse());
  expect(status).toBe(202);
  const { accepted, codes } = await expectTold(photos);
  expect(accepted).toBeGreaterThan(0);
  expect(accepted).toBeLessThan(PHOTOS);
  expect([...codes]).toEqual(["unavailable"]);
});

it("what was accepted before the stream was full is said, and so is what was not", async () => {
  const { streams } = mesh.broker.jsm;
  const { status, photos } = await enrolWhile(() => streams.update("SF_IMAGES", { max_msgs: 3 }));
  expect(status).toBe(202);
  const { accepted, codes } = await expectTold(photos);
  expect(accepted).toBeGreaterThanOrEqual(3);
  expect([...codes]).toEqual(["overloaded"]);
});

it("over a restart of the broker nothing is said that is not so", async () => {
  const { status, photos } = await enrolWhile(async () => {
    await mesh.server.kill();
    await mesh.server.restart();
  });
  expect(status).toBe(202);
  await expect.poll(() => mesh.broker.connected()).toBe(true);
  expect((await expectTold(photos)).accepted).toBeGreaterThan(0);
});

it("where nothing is accepted it is no 202, but the first photo's failure", async () => {
  mesh.gateway.refuse();
  const { status } = await enrolWhile(() => {});
  expect(status).toBe(503);
});
