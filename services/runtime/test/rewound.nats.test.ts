import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { consumer, embeddingWorkSubject, faceWorkSubject, newJobId } from "@similarfaces/contracts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connectBroker, createLog, provision, redeliverRewound, type Broker } from "../src/mod.js";
import { startNatsServer, type NatsServer } from "./natsServer.js";

const STAGES = ["extract", "embed", "age", "match", "enrol"] as const;

/** As nats-server 2.9 leaves a stream when it is killed between emptying its file and writing down the last sequence. */
function indexOf(server: NatsServer, stream: string) {
  const dir = join(server.storeDir, "jetstream/$G/streams", stream, "msgs");
  const kept = readdirSync(dir)
    .filter((file) => file.endsWith(".idx"))
    .map((file) => [join(dir, file), readFileSync(join(dir, file))] as const);
  return {
    putBack() {
      for (const [file, bytes] of kept) {
        writeFileSync(file, bytes);
        writeFileSync(file.replace(/idx$/, "blk"), "");
      }
    },
  };
}

let server: NatsServer;
let broker: Broker;
beforeAll(async () => {
  server = await startNatsServer();
  broker = await connectBroker({ url: server.url, name: "test" });
  await provision(broker, { replicas: 1, jobTtlMs: 600_000, stages: STAGES });
});
afterAll(async () => {
  await broker?.close();
  await server?.stop();
});

const take = async (stage: (typeof STAGES)[number], expires = 1_000) => {
  const { stream, durable_name } = consumer(stage);
  const message = await (await broker.js.consumers.get(stream, durable_name)).next({ expires });
  await message?.ackAck();
  return message?.string();
};

it.each([
  ["a face for one stage", ["match"], (jobId: string) => embeddingWorkSubject(jobId, 0)],
  ["a chip for several stages", ["embed", "age"], (jobId: string) => faceWorkSubject(jobId, 0)],
] as const)("%s is delivered although the broker came back rewound", async (_, stages, subjectOf) => {
  const { stream } = consumer(stages[0]);
  for (const text of ["one", "two"]) {
    await broker.js.publish(subjectOf(newJobId(Date.now())), text);
    // As it is while the last message is still there.
    if (text === "two") break;
    for (const stage of stages) expect(await take(stage)).toBe(text);
  }
  const index = indexOf(server, stream);
  for (const stage of stages) expect(await take(stage)).toBe("two");
  await server.kill();
  index.putBack();
  await server.restart();
  await expect.poll(() => broker.connected(), { timeout: 20_000 }).toBe(true);
  const looking = redeliverRewound(broker, STAGES, createLog({ service: "test", level: "silent" }));
  await broker.js.publish(subjectOf(newJobId(Date.now())), "three");
  await broker.js.publish(subjectOf(newJobId(Date.now())), "four");
  for (const stage of stages) {
    const had = new Set<string | undefined>();
    while (!(had.has("three") && had.has("four"))) had.add(await take(stage, 5_000));
  }
  await looking;
  expect((await broker.jsm.streams.info(stream)).state.messages).toBe(0);
  const names: string[] = [];
  for await (const { name } of broker.jsm.consumers.list(stream)) names.push(name);
  expect(names.filter((name) => name.startsWith("rewound"))).toEqual([]);
});
