import { afterAll, beforeAll, expect, it } from "vitest";
import { STREAM_NAMES } from "@similarfaces/contracts";
import { connectBroker, type Broker } from "@similarfaces/runtime";
import { allAnswers, analyse, answered, sample, type SampleName } from "./client.js";
import { startTestMesh, type TestMesh } from "./mesh.js";

let mesh: TestMesh;
let broker: Broker;

beforeAll(async () => {
  mesh = await startTestMesh({ env: { JOB_DEADLINE_MS: "100000" } });
  const { natsUrl, natsUser, natsPassword } = mesh.state();
  broker = await connectBroker({ url: natsUrl, name: "test", user: natsUser, password: natsPassword });
});
afterAll(async () => {
  await broker?.close();
  await mesh?.stop();
});

/** Messages that the broker has stored of work and results since it began. */
async function stored(): Promise<number> {
  const { images, faces, embeddings, results } = STREAM_NAMES;
  const infos = await Promise.all(
    [images, faces, embeddings, results].map((stream) => broker.jsm.streams.info(stream)),
  );
  return infos.reduce((sum, { state }) => sum + state.last_seq, 0);
}

// The photo, `accepted` and `extract`; and of each group of four faces its chips, the answers of embed, match and two analyzers, and its probes.
it.each<[SampleName, number, number]>([
  ["nobody", 0, 3],
  ["portrait-1", 1, 9],
  ["group-4", 4, 9],
  ["group-18", 18, 33],
  ["crowd-48mp", 64, 99],
])("analysing %s, of %i faces, takes %i messages", { timeout: 120_000 }, async (name, faces, messages) => {
  const before = await stored();
  expect(answered(await analyse(mesh.url, await sample(name)))).toEqual(allAnswers(faces));
  expect((await stored()) - before).toBe(messages);
});
