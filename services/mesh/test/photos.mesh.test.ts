import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readEvents } from "../src/eventStream.js";
import { startTestMesh, type TestMesh } from "./mesh.js";

describe("a photo in, results out", () => {
  let mesh: TestMesh;
  beforeAll(async () => {
    mesh = await startTestMesh();
  });
  afterAll(() => mesh?.stop());

  it("streams every stage's answer and ends with complete", async () => {
    const response = await fetch(`${mesh.url}/v1/jobs`, {
      method: "POST",
      headers: { accept: "text/event-stream" },
      body: await readFile("models/samples/photos/portrait-1.jpg"),
    });
    const events: string[] = [];
    for await (const { event } of readEvents(response.body!)) events.push(event);
    expect(events[0]).toBe("accepted");
    expect(events[1]).toBe("extract");
    expect(events.at(-1)).toBe("complete");
  });
});
