import { afterAll, beforeAll, expect, it } from "vitest";
import { AckPolicy } from "@nats-io/jetstream";
import { connectBroker, consumersOf, type Broker } from "../src/mod.js";
import { startNatsServer, type NatsServer } from "./natsServer.js";

const STREAM = "MANY";
const CONSUMERS = 60;

let server: NatsServer;
let broker: Broker;
beforeAll(async () => {
  server = await startNatsServer();
  broker = await connectBroker({ url: server.url, name: "test" });
});
afterAll(async () => {
  await broker?.close();
  await server?.stop();
});

it("consumers that are deleted while they are listed are left out of the list", async () => {
  await broker.jsm.streams.add({ name: STREAM, subjects: ["many.*"] });
  const names = Array.from({ length: CONSUMERS }, (_, i) => `c${i}`);
  for (const durable_name of names)
    await broker.jsm.consumers.add(STREAM, { durable_name, ack_policy: AckPolicy.Explicit });
  let left = CONSUMERS;
  const deleting = Promise.all(
    names.map(async (name) => {
      await broker.jsm.consumers.delete(STREAM, name);
      left--;
    }),
  );
  while (left > 0) for (const { name } of await consumersOf(broker, STREAM)) expect(names).toContain(name);
  await deleting;
  expect(await consumersOf(broker, STREAM)).toEqual([]);
});
