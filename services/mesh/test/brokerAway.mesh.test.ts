import { afterAll, beforeAll, expect, it } from "vitest";
import { allAnswers, answered, failuresOf, follow, sample } from "./client.js";
import { startTestMesh, type TestMesh } from "./mesh.js";

const KILLS = 8;
const PAUSE_MAX_S = 2;
/** Enough for a job that has met several pauses, and has waited for its deliveries to come again. */
const DEADLINE_MS = 40_000;

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh({ env: { JOB_DEADLINE_MS: String(DEADLINE_MS) } });
});
afterAll(() => mesh?.stop());

it("kill -9 of nats-server eight times, each as soon as it is back: every job that was accepted completes", async () => {
  const photos = [await sample("group-4"), await sample("portrait-1")];
  const accepted: string[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    // At work, with a photo that has just been accepted: the broker dies amid its messages.
    while (accepted.length <= kill) {
      const response = await fetch(`${mesh.url}/v1/jobs`, {
        method: "POST",
        body: new Uint8Array(photos[kill % 2]!),
      });
      const { jobId } = (await response.json()) as { jobId?: string };
      if (response.status === 202) accepted.push(jobId!);
      else await new Promise((resolve) => setTimeout(resolve, 100));
    }
    mesh.kill("nats-server");
  }
  const seen = await Promise.all(accepted.map((jobId) => follow(mesh.url, jobId)));
  expect(seen.map((each) => answered(each))).toEqual(accepted.map((_, i) => allAnswers(i % 2 ? 1 : 4)));
  expect(seen.flatMap((each) => failuresOf(each))).toEqual([]);
  const pausesS = [
    ...mesh.output().matchAll(/nats-server was ended by SIGKILL; it is started again(?: in (\S+) s)?/g),
  ];
  expect(pausesS.length).toBe(KILLS);
  for (const [, seconds = "0"] of pausesS) expect(Number(seconds)).toBeLessThanOrEqual(PAUSE_MAX_S);
}, 180_000);
