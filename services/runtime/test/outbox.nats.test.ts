import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { JetStreamApiError } from "@nats-io/jetstream";
import { connectBroker, type Broker } from "../src/broker/broker.js";
import { startNatsServer, type NatsServer } from "./natsServer.js";

const STREAM = "OUTBOX";
const bytes = (text: string) => Buffer.from(text);

describe("the outbox", () => {
  let server: NatsServer;
  let broker: Broker;
  beforeAll(async () => {
    server = await startNatsServer();
    broker = await connectBroker({ url: server.url, name: "test" });
    await broker.jsm.streams.add({
      name: STREAM,
      subjects: ["out.>"],
      max_msgs_per_subject: 1,
      discard: "new",
      discard_new_per_subject: true,
    });
  });
  afterAll(async () => {
    await broker?.close();
    await server?.stop();
  });

  it("stores, and says where", async () => {
    const first = await broker.outbox.store("out.a", bytes("a"));
    const second = await broker.outbox.store("out.b", bytes("b"));
    expect(first).toMatchObject({ stream: STREAM, duplicate: false });
    expect(second.seq).toBe(first.seq + 1);
    const message = await broker.jsm.streams.getMessage(STREAM, { seq: second.seq });
    expect(message?.string()).toBe("b");
  });

  it("knows by its id what is stored already", async () => {
    const once = await broker.outbox.store("out.once", bytes("1"), { messageId: "once" });
    expect(await broker.outbox.store("out.other", bytes("2"), { messageId: "once" })).toEqual({
      ...once,
      duplicate: true,
    });
  });

  it("says why the broker refuses, and at once where no stream takes it", async () => {
    await broker.outbox.store("out.field", bytes("1"));
    const refused = broker.outbox.store("out.field", bytes("2"));
    await expect(refused).rejects.toThrow(JetStreamApiError);
    await expect(refused).rejects.toThrow(/per subject/);
    await expect(broker.outbox.store("nowhere", bytes("1"))).rejects.toThrow(/jetstream is not enabled/);
  });

  it("keeps the order in which it was given, and sends what one turn gave in one piece", async () => {
    const subjects = Array.from({ length: 100 }, (_, i) => `out.row.${i}`);
    const acks = await Promise.all(subjects.map((subject) => broker.outbox.store(subject, bytes(subject))));
    const sequences = acks.map(({ seq }) => seq);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    const { outMsgs, outBytes } = broker.nc.stats();
    broker.outbox.send("anybody", "1");
    broker.outbox.send("anybody", "2");
    // Not yet.
    expect(broker.nc.stats()).toMatchObject({ outMsgs, outBytes });
    await new Promise((resolve) => setImmediate(resolve));
    expect(broker.nc.stats()).toMatchObject({ outMsgs: outMsgs + 2 });
  });

  it("refuses when it is closed, and leaves nobody waiting", async () => {
    const own = await connectBroker({ url: server.url, name: "closes" });
    const late = own.outbox.store("out.late", bytes("1"));
    await own.close();
    expect(await late.then(({ stream }) => stream, String)).toMatch(new RegExp(`^${STREAM}$|closed`));
    await expect(own.outbox.store("out.later", bytes("1"))).rejects.toThrow("closed");
    own.outbox.send("anybody", "is there?");
    await new Promise((resolve) => setImmediate(resolve));
  });
});
