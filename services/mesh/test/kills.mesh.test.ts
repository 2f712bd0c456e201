import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isAlive } from "../src/supervisor/processIdentity.js";
import {
  ANALYZERS,
  allAnswers,
  analyse,
  answered,
  failuresOf,
  follow,
  sample,
  submit,
  type Seen,
} from "./client.js";
import { startTestMesh, type TestMesh } from "./mesh.js";

/** Work of a killed process comes back after the ack wait of 10 s, of a killed broker after its timers; this is for slow machines. */
const TEST_TIMEOUT_MS = 120_000;
const DEADLINE = { JOB_DEADLINE_MS: "100000" };

describe("an end in the middle of jobs", { timeout: TEST_TIMEOUT_MS }, () => {
  let mesh: TestMesh;
  beforeAll(async () => {
    mesh = await startTestMesh({ env: DEADLINE });
  });
  afterAll(() => mesh?.stop());

  /** Sends photos, kills processes when the first result of a stage has come, and follows every job to its end. */
  async function killAt(stage: string, processes: readonly string[]): Promise<Seen[]> {
    const photos = await Promise.all([sample("group-18"), sample("group-4"), sample("portrait-1")]);
    const jobs = await Promise.all(photos.map((photo) => submit(mesh.url, photo)));
    let killed = false;
    return Promise.all(
      jobs.map((jobId) =>
        follow(mesh.url, jobId, (event) => {
          if (killed || event.stage !== stage) return;
          killed = true;
          for (const name of processes) mesh.kill(name);
        }),
      ),
    );
  }

  function expectWhole(seen: readonly Seen[]): void {
    // Sorted and with repetitions: a result that was shown twice would be here twice.
    expect(seen.map((each) => answered(each))).toEqual([allAnswers(18), allAnswers(4), allAnswers(1)]);
    expect(seen.flatMap((each) => failuresOf(each))).toEqual([]);
    expect(seen.flatMap(({ completion }) => completion.expired)).toEqual([]);
  }

  it("kill -9 of the mesh process amid the faces: the jobs complete, no result twice", async () => {
    const before = mesh.state();
    expectWhole(await killAt("attributes", ["mesh"]));
    expect(mesh.state().children["mesh"]!.pid).not.toBe(before.children["mesh"]!.pid);
    expect(mesh.state().url).toBe(before.url);
    expect(mesh.output()).toMatch(/mesh was ended by SIGKILL; it is started again/);
  });

  it("kill -9 of the mesh process twice, amid the faces and amid those that come again: the jobs complete, no result twice", async () => {
    const pid = () => mesh.state().children["mesh"]!.pid;
    const ofGroups = [...ANALYZERS, "embed", "match"];
    const killed: number[] = [];
    const photos = await Promise.all([sample("group-18"), sample("group-4"), sample("portrait-1")]);
    const jobs = await Promise.all(photos.map((photo) => submit(mesh.url, photo)));
    const seen = await Promise.all(
      jobs.map((jobId) =>
        follow(mesh.url, jobId, ({ stage }) => {
          if (killed.length === 2 || killed.includes(pid()) || !ofGroups.includes(stage)) return;
          killed.push(pid());
          mesh.kill("mesh");
        }),
      ),
    );
    expect(killed).toHaveLength(2);
    expectWhole(seen);
  });

  it("kill -9 of nats-server amid the faces: the jobs complete, no result twice", async () => {
    expectWhole(await killAt("emotion", ["nats-server"]));
    expect(mesh.output()).toMatch(/nats-server was ended by SIGKILL; it is started again/);
  });

  it("kill -9 of both before the first box: the jobs complete, no result twice", async () => {
    expectWhole(await killAt("accepted", ["nats-server", "mesh"]));
  });

  it("kill -9 of the supervisor: what it left behind ends, and the next start completes the jobs", async () => {
    const jobs = [
      await submit(mesh.url, await sample("group-4")),
      await submit(mesh.url, await sample("portrait-1")),
    ];
    const { children } = mesh.state();
    mesh.kill("supervisor");
    await mesh.restart();
    // A zombie that nobody has collected yet is gone too.
    for (const child of Object.values(children)) expect(isAlive(child)).toBe(false);
    const seen = await Promise.all(jobs.map((jobId) => follow(mesh.url, jobId)));
    expect(seen.map((each) => answered(each))).toEqual([allAnswers(4), allAnswers(1)]);
  });

  it("SIGTERM amid the faces is code 0, and the next start completes the jobs, no result twice", async () => {
    const jobs = [
      await submit(mesh.url, await sample("group-18")),
      await submit(mesh.url, await sample("group-4")),
    ];
    await new Promise<void>((resolve) => {
      const seeing = follow(mesh.url, jobs[0]!, ({ stage }) => void (stage === "embed" && resolve()));
      seeing.catch(() => {});
    });
    expect(await mesh.end("SIGTERM")).toBe(0);
    await mesh.restart();
    const seen = await Promise.all(jobs.map((jobId) => follow(mesh.url, jobId)));
    expect(seen.map((each) => answered(each))).toEqual([allAnswers(18), allAnswers(4)]);
    expect(seen.flatMap((each) => failuresOf(each))).toEqual([]);
  });

  it("has cost nothing for good: the next photo is analysed", async () => {
    expect(answered(await analyse(mesh.url, await sample("portrait-1")))).toEqual(allAnswers(1));
  });
});
