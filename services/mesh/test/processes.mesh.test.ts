import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ANALYZERS_APART,
  allAnswers,
  analyse,
  answered,
  failuresOf,
  follow,
  sample,
  submit,
} from "./client.js";
import { startTestMesh, type TestMesh } from "./mesh.js";

const SERVICES = ["gateway", "extract", "embed", ...ANALYZERS_APART, "match"];
const whole = (faces: number) => allAnswers(faces, ANALYZERS_APART);

/** Every service is `node services/<name>/dist/main.js`, as it is on a cluster: this is also how each starts alone. */
describe("npm start -- --processes", { timeout: 120_000 }, () => {
  let mesh: TestMesh;
  beforeAll(async () => {
    mesh = await startTestMesh({ processes: true, env: { JOB_DEADLINE_MS: "100000" } });
  });
  afterAll(() => mesh?.stop());

  it("runs every service as its own process and answers as one does", async () => {
    expect(Object.keys(mesh.state().children)).toEqual(
      expect.arrayContaining(["nats-server", "provision", ...SERVICES]),
    );
    expect(answered(await analyse(mesh.url, await sample("group-4")))).toEqual(whole(4));
  });

  it("kill -9 of every stage and the gateway in the middle of jobs: all complete, no result twice", async () => {
    const before = mesh.state().children;
    const jobs = await Promise.all(
      (["group-18", "group-4", "portrait-1"] as const).map(async (name) =>
        submit(mesh.url, await sample(name)),
      ),
    );
    // Each as its own kind of answer comes in, so that it dies at work; the gateway with the first boxes.
    const alive = new Set(SERVICES);
    const seen = await Promise.all(
      jobs.map((jobId) =>
        follow(mesh.url, jobId, ({ stage }) => {
          const name = stage === "accepted" ? "gateway" : stage;
          if (alive.delete(name)) mesh.kill(name);
        }),
      ),
    );
    expect([...alive]).toEqual([]);
    expect(seen.map((each) => answered(each))).toEqual([whole(18), whole(4), whole(1)]);
    expect(seen.flatMap((each) => failuresOf(each))).toEqual([]);
    const restarted = () => SERVICES.filter((name) => mesh.state().children[name]!.pid !== before[name]!.pid);
    await expect.poll(restarted, { timeout: 20_000 }).toEqual(SERVICES);
  });

  it("a stage that is down delays only its own field", async () => {
    const { pid } = mesh.state().children["race"]!;
    process.kill(pid, "SIGSTOP");
    try {
      const jobId = await submit(mesh.url, await sample("portrait-1"));
      const order: string[] = [];
      const seen = await follow(mesh.url, jobId, ({ stage }) => {
        order.push(stage);
        if (order.length === whole(1).length - 1) process.kill(pid, "SIGCONT");
      });
      expect(answered(seen)).toEqual(whole(1));
      expect(order.at(-1)).toBe("race");
    } finally {
      process.kill(pid, "SIGCONT");
    }
  });

  it("ends with code 0 on SIGINT and leaves nothing running", async () => {
    const pids = Object.values(mesh.state().children).map(({ pid }) => pid);
    expect(await mesh.end("SIGINT")).toBe(0);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow();
  });
});
