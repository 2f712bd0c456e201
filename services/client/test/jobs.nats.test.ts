import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { newJobId } from "@similarfaces/contracts";
import {
  EVENTS_OF_ONE_FACE,
  PIXEL,
  answerAll,
  imageWorkOf,
  answers,
  extracted,
  startMesh,
  type Mesh,
} from "../../../gateway/test/meshFixture.js";
import { Gateway, GatewayFailure, type JobMessage } from "../src/mod.js";
import { openLine, type CuttableLine } from "./cuttableLine.js";

const photo = Uint8Array.from(PIXEL);

let mesh: Mesh;
let line: CuttableLine | undefined;
beforeAll(async () => {
  mesh = await startMesh();
});
afterAll(() => mesh?.stop());
afterEach(async () => {
  await line?.away();
  line = undefined;
});

const nameOf = (message: JobMessage) => (message.type === "complete" ? "complete" : message.event.stage);

async function namesOf(messages: AsyncIterable<JobMessage>): Promise<string[]> {
  const names: string[] = [];
  for await (const message of messages) names.push(nameOf(message));
  return names;
}

async function failureOf(work: Promise<unknown>): Promise<GatewayFailure> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(GatewayFailure);
  return error as GatewayFailure;
}

describe("a photo", () => {
  it("is sent, followed to its end, read as it is now, and deleted", async () => {
    const { jobs } = new Gateway({ url: mesh.url });
    const { jobId, links } = await jobs.send(photo, { stages: "age,gender", faces: 2, minScore: 0.7 });
    expect(links.self).toBe(`/v1/jobs/${jobId}`);
    expect((await jobs.get(jobId)).accepted).toMatchObject({
      stages: ["extract", "age", "gender"],
      facesMax: 2,
    });
    expect((await imageWorkOf(mesh, jobId)).options?.minScore).toBe(0.7);
    await answerAll(mesh, jobId);
    const messages: JobMessage[] = [];
    for await (const message of jobs.follow(jobId)) messages.push(message);
    expect(messages.map(nameOf).slice(0, 2)).toEqual(["accepted", "extract"]);
    expect(messages.at(-1)).toMatchObject({ type: "complete", jobId, state: "complete", faces: 1 });
    const { state, sequence } = await jobs.get(jobId);
    expect(state).toBe("complete");
    expect(sequence).toBeGreaterThan(0);
    expect((await jobs.delete(jobId)).stores.map(({ store }) => store)).toContain("results");
    expect((await failureOf(jobs.get(jobId))).code).toBe("job_deleted");
  });

  it("may be waited for", async () => {
    const { jobs } = new Gateway({ url: mesh.url });
    const playing = mesh.broker.nc.subscribe("sf.v2.result.*.accepted", {
      max: 1,
      callback: (_, { subject }) => void answerAll(mesh, subject.split(".")[3]!),
    });
    const job = await jobs.sendAndWait(photo, 20);
    await playing.closed;
    expect(job.faces[0]!.fields.age?.state).toBe("done");
    const failure = await failureOf(jobs.sendAndWait(photo, 1));
    expect(failure).toMatchObject({ code: "deadline_exceeded", retryable: true });
  });

  it("answers in the same response, and over another connection once that is cut, each result once", async () => {
    line = await openLine(mesh.url);
    const names: string[] = [];
    let sequence = 0;
    for await (const message of new Gateway({ url: line.url }).jobs.analyse(photo)) {
      names.push(nameOf(message));
      if (message.type === "complete") break;
      expect(message.sequence).toBeGreaterThan(sequence);
      sequence = message.sequence;
      const { jobId } = message;
      if (message.event.stage === "accepted") await mesh.publish(extracted(jobId, 1));
      if (message.event.stage !== "extract") continue;
      line.cut();
      for (const result of answers(jobId, 0)) await mesh.publish(result);
    }
    expect(names).toEqual(EVENTS_OF_ONE_FACE);
    expect(line.connections).toBe(2);
  });
});

describe("a gateway that is away", () => {
  it("is waited for amid a stream and before a question, for as long as patience says", async () => {
    line = await openLine(mesh.url);
    const { jobs } = new Gateway({ url: line.url });
    const { jobId } = await jobs.send(photo);
    await answerAll(mesh, jobId);
    await line.away();
    const following = namesOf(jobs.follow(jobId));
    const asking = jobs.get(jobId);
    const impatient = new Gateway({ url: line.url, patienceMs: 0 });
    const failure = await failureOf(impatient.jobs.send(photo));
    expect(failure).toMatchObject({ code: "unavailable", source: "connection", retryable: true });
    expect(await impatient.isAlive()).toBe(false);
    await line.back();
    expect(await following).toEqual(EVENTS_OF_ONE_FACE);
    expect((await asking).state).toBe("complete");
    expect(await impatient.isAlive()).toBe(true);
    expect(await impatient.isReady()).toBe(true);
  });

  it("ends a wait when the signal comes, with the signal's reason", async () => {
    line = await openLine(mesh.url);
    await line.away();
    const leaving = new AbortController();
    const { jobs } = new Gateway({ url: line.url, signal: leaving.signal });
    const asking = jobs.get(newJobId(Date.now()));
    const following = namesOf(jobs.follow(newJobId(Date.now())));
    const pausing = failureOf(new Gateway({ url: line.url, patienceMs: 0 }).jobs.get(newJobId(Date.now())));
    // By now the others have been refused too, and wait.
    await pausing;
    leaving.abort(new Error("leaving"));
    await expect(asking).rejects.toThrow("leaving");
    await expect(following).rejects.toThrow("leaving");
    await line.back();
  });
});

describe("a refusal", () => {
  it("has the gateway's code and words, and whether trying again helps", async () => {
    const { jobs } = new Gateway({ url: mesh.url });
    const failure = await failureOf(jobs.send(new TextEncoder().encode("these are words")));
    expect(failure).toMatchObject({ code: "unsupported_type", source: "answer", retryable: false });
    expect(failure.message).toContain("JPEG");
    const unknown = newJobId(Date.now());
    expect((await failureOf(jobs.get(unknown))).code).toBe("job_not_found");
    expect((await failureOf(namesOf(jobs.follow(unknown)))).code).toBe("job_not_found");
  });

  it("of a full gateway tells when to come again", async () => {
    const full = await mesh.another({ ADMISSION_WAIT_MS: "100" });
    const { jobs } = new Gateway({ url: full.url, patienceMs: 0 });
    await expect
      .poll(() => jobs.send(photo).catch((error: GatewayFailure) => error), { timeout: 20_000 })
      .toMatchObject({ code: "overloaded", retryable: true, retryAfterMs: expect.any(Number) as number });
  });
});
