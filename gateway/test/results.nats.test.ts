import { newJobId } from "@similarfaces/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  answerNextJob,
  EVENTS_OF_ONE_FACE,
  PIXEL,
  answerAll,
  answers,
  codeOf,
  extracted,
  postPixel,
  readEvents,
  startMesh,
  type Mesh,
} from "./meshFixture.js";

/** One behaviour, whichever server serves it. */
describe.each(["uws", "node"])("results on %s", (driver) => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ HTTP_DRIVER: driver });
  });
  afterAll(() => mesh?.stop());

  const post = (body: BodyInit, headers: Record<string, string> = {}, query = "") =>
    fetch(`${mesh.url}/v1/jobs${query}`, { method: "POST", body, headers });

  describe("waiting", () => {
    it("answers 200 with the whole job when it is complete in time", async () => {
      const unwatch = answerNextJob(mesh);
      const response = await post(PIXEL, { prefer: "respond-async, wait=10" });
      unwatch();
      const job = (await response.json()) as { state: string; faces: { fields: object }[] };
      expect(response.status).toBe(200);
      expect(response.headers.get("preference-applied")).toBe("wait=10");
      expect(job.state).toBe("complete");
      expect(Object.keys(job.faces[0]!.fields)).toEqual(["quality", "embed", "match", "age", "gender"]);
    });

    it("answers 202 with what there is when it is not", async () => {
      const response = await post(PIXEL, { prefer: "wait=1" });
      expect(response.status).toBe(202);
      expect(((await response.json()) as { state: string }).state).toBe("running");
    });
  });

  describe("a job's state", () => {
    it("grows with its results", async () => {
      const { jobId } = await postPixel(mesh.url);
      const state = async () => {
        const job = (await (await fetch(`${mesh.url}/v1/jobs/${jobId}`)).json()) as {
          state: string;
          sequence: number;
          faces: { fields: Record<string, { state: string }> }[];
        };
        return job;
      };
      expect((await state()).state).toBe("running");
      await mesh.publish(extracted(jobId, 2));
      await expect.poll(async () => (await state()).faces.length).toBe(2);
      const before = (await state()).sequence;
      for (const result of answers(jobId, 0)) await mesh.publish(result);
      await expect.poll(async () => (await state()).faces[0]!.fields["age"]!.state).toBe("done");
      expect((await state()).faces[1]!.fields["age"]!.state).toBe("pending");
      expect((await state()).sequence).toBeGreaterThan(before);
    });

    it("without a face is complete", async () => {
      const { jobId } = await postPixel(mesh.url);
      await mesh.publish(extracted(jobId, 0));
      await expect
        .poll(
          async () =>
            ((await (await fetch(`${mesh.url}/v1/jobs/${jobId}`)).json()) as { state: string }).state,
        )
        .toBe("complete");
    });

    it.each([
      ["no id", "nonsense", "404 job_not_found"],
      ["an id that never was", newJobId(Date.now()), "404 job_not_found"],
      ["an id older than its time to live", newJobId(Date.now() - 3_600_000), "410 job_expired"],
    ])("of %s is a failure", async (_, jobId, expected) => {
      expect(await codeOf(await fetch(`${mesh.url}/v1/jobs/${jobId}`))).toBe(expected);
      expect(await codeOf(await fetch(`${mesh.url}/v1/jobs/${jobId}/events`))).toBe(expected);
    });
  });

  describe("server-sent events", () => {
    it("bring every result in order and end with complete, in the same response as the photo", async () => {
      const unwatch = answerNextJob(mesh);
      const response = await post(PIXEL, { accept: "text/event-stream" });
      expect(response.headers.get("content-type")).toMatch("text/event-stream");
      const events = await readEvents(response);
      unwatch();
      expect(events.map(({ event }) => event)).toEqual(EVENTS_OF_ONE_FACE);
      expect(events[1]!.data.extract!.faces[0]!.index).toBe(0);
      expect(events.at(-1)!.data).toMatchObject({ state: "complete", faces: 1, expired: [] });
    });

    it("go on after the last id that was seen", async () => {
      const { jobId } = await postPixel(mesh.url);
      await mesh.publish(extracted(jobId, 1));
      const address = `${mesh.url}/v1/jobs/${jobId}/events`;
      const seen = await readEvents(await fetch(address), 2);
      expect(seen.map(({ event }) => event)).toEqual(["accepted", "extract"]);
      for (const result of answers(jobId, 0)) await mesh.publish(result);
      const resumed = await readEvents(await fetch(address, { headers: { "last-event-id": seen[1]!.id } }));
      expect(resumed.map(({ event }) => event)).toEqual(EVENTS_OF_ONE_FACE.slice(2));
      const after = await readEvents(await fetch(`${address}?after=${resumed.at(-2)!.id}`));
      expect(after.map(({ event }) => event)).toEqual(["complete"]);
    });

    it("of a job that another gateway took are the same", async () => {
      const other = await mesh.another();
      const { jobId } = await postPixel(mesh.url);
      const reading = fetch(`${other.url}/v1/jobs/${jobId}/events`).then((response) => readEvents(response));
      await answerAll(mesh, jobId);
      expect((await reading).map(({ event }) => event)).toEqual(EVENTS_OF_ONE_FACE);
    });

    it("refuse an id that is none", async () => {
      const { jobId } = await postPixel(mesh.url);
      expect(await codeOf(await fetch(`${mesh.url}/v1/jobs/${jobId}/events?after=x`))).toBe(
        "400 bad_request",
      );
    });
  });
});
