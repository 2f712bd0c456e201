import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  consumer,
  embeddingWorkSubject,
  faceWorkSubject,
  newJobId,
  type StageName,
} from "@similarfaces/contracts";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  connectBroker,
  consumersOf,
  createLog,
  mendRewound,
  provision,
  publishWork,
  type Broker,
} from "../src/mod.js";
import { startNatsServer, type NatsServer } from "./natsServer.js";

const STAGES = ["extract", "embed", "age", "match", "enrol"] as const;

let server: NatsServer;
let broker: Broker;
beforeAll(async () => {
  server = await startNatsServer();
  broker = await connectBroker({ url: server.url, name: "test" });
  await provision(broker, { replicas: 1, jobTtlMs: 600_000, stages: STAGES });
  const log = createLog({ service: "test", level: "silent" });
  broker.firstOnReconnect(() => mendRewound(broker, log));
});
afterAll(async () => {
  await broker?.close();
  await server?.stop();
});

it.each([
  ["a face for one stage", ["match"], [], (jobId: string) => embeddingWorkSubject(jobId, 0)],
  ["a chip for several stages", ["embed", "age"], [], (jobId: string) => faceWorkSubject(jobId, 0)],
  [
    "a chip for several stages, of which one was written down as behind,",
    ["embed", "age"],
    ["embed"],
    (jobId: string) => faceWorkSubject(jobId, 0),
  ],
] as const)("%s is delivered although the broker came back rewound", async (_, stages, behind, subjectOf) => {
  const { stream } = consumer(stages[0]);
  const publish = (text: string) =>
    publishWork(broker, {
      subject: subjectOf(newJobId(Date.now())),
      data: new TextEncoder().encode(text),
      messageId: `${stages.join()} ${behind.join()} ${text}`,
    });
  const all = async (text: string) => {
    await publish(text);
    for (const stage of stages) expect(await take(stage)).toBe(text);
  };
  await all("one");
  const files = await filesOf(stream, behind);
  await all("two");
  // Of two messages that all have had, the server knows by itself that they were there.
  if (behind.length > 0) await all("three");
  for (const stage of stages) if (!isAmong(behind, stage)) await untilWrittenDown(stage);
  await server.kill();
  files.putBack();
  // Sent by the client as soon as it is connected, it would be stored before anybody has looked.
  await expect.poll(() => broker.connected()).toBe(false);
  const published = publish("four");
  await server.restart();
  await published;
  await publish("five");
  for (const stage of stages) {
    const taken = new Set<string | undefined>();
    while (!(taken.has("four") && taken.has("five"))) taken.add(await take(stage));
  }
  await expect.poll(async () => (await broker.jsm.streams.info(stream)).state.messages).toBe(0);
  const names = (await consumersOf(broker, stream)).map(({ name }) => name);
  expect(names.filter((name) => name.startsWith("keeper_"))).toEqual([]);
});

async function take(stage: StageName): Promise<string | undefined> {
  const { stream, durable_name } = consumer(stage);
  const message = await (await broker.js.consumers.get(stream, durable_name)).next({ expires: 5_000 });
  await message?.ackAck();
  return message?.string();
}

const isAmong = (stages: readonly StageName[], stage: StageName) => stages.includes(stage);
const folderOf = (stream: string) => join(server.storeDir, "jetstream/$G/streams", stream);
const stateFileOf = (stage: StageName) => join(folderOf(consumer(stage).stream), "obs", stage, "o.dat");

/** As nats-server 2.9 leaves a stream when it is killed between emptying its file and writing down the last sequence: as it is now. */
async function filesOf(stream: string, behind: readonly StageName[]) {
  const [index] = readdirSync(join(folderOf(stream), "msgs"))
    .filter((file) => file.endsWith(".idx"))
    .map((file) => join(folderOf(stream), "msgs", file));
  // Later servers write down the last sequence otherwise, and are not rewound.
  if (index === undefined) return { putBack() {} };
  const { last_seq } = (await broker.jsm.streams.info(stream)).state;
  // Magic and version, then messages, bytes, first sequence, its time, last sequence.
  const isEmptied = ([messages, , , , last]: readonly number[]) => messages === 0 && last === last_seq;
  await expect.poll(() => isEmptied(numbersOf(readFileSync(index)))).toBe(true);
  for (const stage of behind) await untilWrittenDown(stage);
  const kept = [index, ...behind.map(stateFileOf)].map((file) => [file, readFileSync(file)] as const);
  return {
    putBack() {
      for (const [file, bytes] of kept) writeFileSync(file, bytes);
      writeFileSync(index.replace(/idx$/, "blk"), "");
    },
  };
}

/** What a consumer has had is on disk: magic and version, then acknowledged and delivered, each by its own count and by the stream's. */
async function untilWrittenDown(stage: StageName): Promise<void> {
  const { delivered } = await broker.jsm.consumers.info(consumer(stage).stream, stage);
  await expect.poll(() => numbersOf(readFileSync(stateFileOf(stage)))[3]).toBe(delivered.stream_seq);
}

/** The variable-length integers after the two bytes at the beginning; those of times are no safe numbers. */
function numbersOf(bytes: Uint8Array): number[] {
  const numbers: number[] = [];
  let number = 0;
  let scale = 1;
  for (const byte of bytes.subarray(2)) {
    number += (byte & 127) * scale;
    scale *= 128;
    if (byte < 128) {
      numbers.push(number);
      [number, scale] = [0, 1];
    }
  }
  return numbers;
}
