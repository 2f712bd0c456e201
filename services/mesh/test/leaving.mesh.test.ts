import { expect, it } from "vitest";
import { sample } from "./client.js";
import { startTestMesh } from "./mesh.js";

const CLIENTS = 70;

it(`a mesh that is told to end tells ${CLIENTS} clients that wait the id of their job, and resets none`, async () => {
  const mesh = await startTestMesh();
  try {
    const photo = new Uint8Array(await sample("group-4"));
    const headers = { prefer: "wait=50" };
    const answers = Array.from({ length: CLIENTS }, async () => {
      const response = await fetch(`${mesh.url}/v1/jobs`, { method: "POST", headers, body: photo });
      const { jobId } = (await response.json()) as { jobId?: string };
      // Not taken: told when to come again.
      if (response.status === 503) expect(response.headers.get("retry-after")).not.toBeNull();
      else expect(response.headers.get("location")).toBe(`/v1/jobs/${jobId}`);
      return response.status;
    });
    // The first answer says that the others are under way.
    await Promise.race(answers);
    expect(await mesh.end()).toBe(0);
    const statuses = await Promise.all(answers);
    expect(statuses.filter((status) => ![200, 202, 503].includes(status))).toEqual([]);
    expect(statuses).toContain(202);
  } finally {
    await mesh.stop();
  }
});
