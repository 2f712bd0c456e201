import { headers } from "nats";
import { ResultSchema, create, toBinary, type MessageInitShape } from "@similarfaces/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLiveSocket } from "./liveSocket.js";
import { answers, extracted, postPixel, startMesh, type Mesh } from "./meshFixture.js";
import { answerOf, together } from "./playedGroups.js";

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
});
afterAll(() => mesh?.stop());

const bytesOf = (result: MessageInitShape<typeof ResultSchema>) =>
  toBinary(ResultSchema, create(ResultSchema, { attempt: 1, model: "forged@1", ...result }));

/** What the stage `age` may publish, once it is somebody else's. */
const FORGERIES: [string, (jobId: string) => MessageInitShape<typeof ResultSchema>][] = [
  ["another stage's answer", (jobId) => answers(jobId, 0).find(({ stage }) => stage === "gender")!],
  ["a deletion", (jobId) => ({ jobId, stage: "deleted", outcome: { case: "deleted", value: {} } })],
  [
    "an acceptance",
    (jobId) => ({ jobId, stage: "accepted", outcome: { case: "accepted", value: { owner: "a-key" } } }),
  ],
  [
    "an owner",
    (jobId) => ({ jobId, stage: "age", face: 0, outcome: { case: "deleted", value: { owner: "a-key" } } }),
  ],
  [
    "another stage's answer beside its own",
    (jobId) => together([answerOf(jobId, "age", 0), answerOf(jobId, "gender", 1)]),
  ],
];

describe("a stage that writes what is not its own under its own subject", () => {
  it.each(FORGERIES)("%s is believed by nobody", async (_, forge) => {
    const { jobId } = await postPixel(mesh.url, "?stages=age,gender");
    const socket = await openLiveSocket(mesh.url);
    socket.watch(jobId);
    await mesh.publish(extracted(jobId, 1));
    // Also where its headers say that it comes from another place in the stream.
    const fields = headers();
    fields.set("Nats-Subject", `sf.v2.result.${jobId}.${forge(jobId).stage}`);
    fields.set("Nats-Sequence", "1000000");
    const own = `sf.v2.result.${jobId}.age.0`;
    await mesh.broker.js.publish(own, bytesOf(forge(jobId)), { headers: fields });
    // And where the broker is made to deliver it on a subject of others.
    const reply = `sf.v2.live.${jobId}.gender.0`;
    mesh.broker.nc.publish("$JS.API.DIRECT.GET.SF_RESULTS", JSON.stringify({ last_by_subj: own }), { reply });
    await mesh.publish(answers(jobId, 0).find(({ stage }) => stage === "gender")!);
    // Its own field is the forger's to spoil.
    const seen = () =>
      socket.messages.flatMap(({ event }) =>
        event && event.stage !== "age" ? `${event.stage} by ${event.model}` : [],
      );
    await expect.poll(seen).toEqual(["accepted by ", "extract by test@1", "gender by test@1"]);
    const response = await fetch(`${mesh.url}/v1/jobs/${jobId}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      state: expect.stringMatching(/running|complete/) as string,
      faces: [{ fields: { gender: { model: "test@1" } } }],
    });
    await socket.close();
  });
});
