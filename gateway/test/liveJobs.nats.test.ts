import { newJobId } from "@similarfaces/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EVENTS_OF_ONE_FACE, answerAll, postPixel, startMesh, type Mesh } from "./meshFixture.js";
import { openRawSocket } from "./rawSocket.js";

/** One behaviour, whichever server serves it. */
describe.each(["uws", "node"])("live jobs on %s", (driver) => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ HTTP_DRIVER: driver });
  });
  afterAll(() => mesh?.stop());

  describe("the live socket", () => {
    it("brings the results of the jobs that it watches", async () => {
      const live = await openRawSocket(mesh.url);
      const [one, two] = [await postPixel(mesh.url), await postPixel(mesh.url)];
      live.send({ type: "watch", jobId: one.jobId });
      live.send({ type: "watch", jobId: two.jobId });
      await answerAll(mesh, one.jobId);
      await answerAll(mesh, two.jobId, 2);
      await expect.poll(() => live.messages.filter(({ type }) => type === "complete").length).toBe(2);
      const events = live.messages.filter(({ type, jobId }) => type === "result" && jobId === one.jobId);
      expect(events.map(({ event }) => event.stage)).toEqual(EVENTS_OF_ONE_FACE.slice(0, -1));
      live.close();
    });

    it("resumes after a sequence", async () => {
      const { jobId } = await postPixel(mesh.url);
      await answerAll(mesh, jobId);
      const first = await openRawSocket(mesh.url);
      first.send({ type: "watch", jobId, after: 0 });
      await expect.poll(() => first.messages.at(-1)?.type).toBe("complete");
      first.close();
      const extract = first.messages.find(({ event }) => event?.stage === "extract")!;
      const second = await openRawSocket(mesh.url);
      second.send({ type: "watch", jobId, after: extract.sequence });
      await expect.poll(() => second.messages.at(-1)?.type).toBe("complete");
      expect(second.messages[0]!.event.stage).toBe("embed");
      second.close();
    });

    it("tells what it cannot watch, and stays open", async () => {
      const live = await openRawSocket(mesh.url);
      live.send({ type: "watch", jobId: newJobId(Date.now()) });
      live.send({ type: "sing" });
      live.sendText("no JSON");
      await expect
        .poll(() => live.messages.map(({ failure }) => failure.code).sort())
        .toEqual(["bad_request", "bad_request", "job_not_found"]);
      live.close();
    });

    it("stops when told to", async () => {
      const { jobId } = await postPixel(mesh.url);
      const live = await openRawSocket(mesh.url);
      live.send({ type: "watch", jobId });
      await expect.poll(() => live.messages.length).toBe(1);
      live.send({ type: "unwatch", jobId });
      await new Promise((resolve) => setTimeout(resolve, 100));
      await answerAll(mesh, jobId);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(live.messages.length).toBe(1);
      live.close();
    });

    it("watches 64 jobs and no more", async () => {
      const live = await openRawSocket(mesh.url);
      const jobs = await Promise.all(Array.from({ length: 65 }, () => postPixel(mesh.url)));
      for (const { jobId } of jobs) live.send({ type: "watch", jobId });
      await expect.poll(() => live.messages.length).toBe(65);
      expect(live.messages.filter(({ type }) => type === "failure").map(({ jobId }) => jobId)).toEqual([
        jobs[64]!.jobId,
      ]);
      live.close();
    });

    it("is closed for a message beyond its limit, and for binary", async () => {
      const large = await openRawSocket(mesh.url);
      large.sendText("x".repeat(100_000));
      await expect.poll(() => large.closed()).toBe(true);
      const binary = await openRawSocket(mesh.url);
      binary.sendBytes(new Uint8Array(10));
      await expect.poll(() => binary.closed()).toBe(true);
    });

    it("is refused to a page of another site, and elsewhere", async () => {
      await expect(openRawSocket(mesh.url, { origin: "http://elsewhere.example" })).rejects.toThrow("400");
      await expect(openRawSocket(`${mesh.url}/v1/other`)).rejects.toThrow("404");
    });
  });
});
