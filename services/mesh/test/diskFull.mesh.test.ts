import { afterEach, describe, expect, it } from "vitest";
import { allAnswers, analyse, answered, follow, sample } from "./client.js";
import { startTestMesh, type TestMesh } from "./mesh.js";
import { mountSmallDisk } from "./smallDisk.js";

const disk = mountSmallDisk();
const DEADLINE_MS = 12_000;

describe.skipIf(!disk)("a disk that is full (needs to mount a tmpfs)", { timeout: 180_000 }, () => {
  let mesh: TestMesh | undefined;
  afterEach(async () => {
    await mesh?.stop();
    disk!.remove();
  });

  it("is said in words and refuses photos; with room again all goes on, and what was accepted has ended", async () => {
    const { url } = (mesh = await startTestMesh({
      dataDir: disk!.dir,
      env: { JOB_DEADLINE_MS: String(DEADLINE_MS) },
    }));
    const photo = await sample("group-4");
    const accepted = [(await post(url, photo)).jobId!];
    disk!.fill();
    // Until the first that is not accepted; what is under way is caught in the middle.
    for (let status = 202; status === 202;) {
      const answer = await post(url, photo);
      status = answer.status;
      if (answer.jobId) accepted.push(answer.jobId);
      else expect(status).toBe(503);
    }
    await expect.poll(() => readiness(url), { timeout: 30_000 }).toMatch(/^503 not ready: the broker /);
    await mesh.printed("nothing can be stored");
    expect(await gauge(mesh.metricsUrl, "similarfaces_broker_stores")).toBe(0);

    disk!.free();
    await expect.poll(() => readiness(url), { timeout: 60_000 }).toBe("200 ready");
    expect(await gauge(mesh.metricsUrl, "similarfaces_broker_stores")).toBe(1);
    expect(answered(await analyse(url, photo))).toEqual(allAnswers(4));
    const ends = await Promise.all(accepted.map((jobId) => follow(url, jobId)));
    for (const { completion } of ends) expect(completion.state).toMatch(/^(complete|failed|expired)$/);

    disk!.fill();
    while ((await post(url, photo)).status === 202);
    expect(await mesh.end("SIGTERM")).toBe(0);
  });
});

async function post(url: string, photo: Uint8Array): Promise<{ status: number; jobId?: string }> {
  const response = await fetch(`${url}/v1/jobs`, { method: "POST", body: new Uint8Array(photo) });
  const body = (await response.json()) as { jobId?: string };
  return { status: response.status, ...(response.ok ? body : {}) };
}

async function readiness(url: string): Promise<string> {
  const response = await fetch(`${url}/readyz`);
  return `${response.status} ${(await response.text()).trim()}`;
}

async function gauge(metricsUrl: string, name: string): Promise<number> {
  const text = await (await fetch(metricsUrl)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}
