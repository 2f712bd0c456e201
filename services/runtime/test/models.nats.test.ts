import { afterEach, beforeEach, expect, it } from "vitest";
import {
  MODEL_STREAM,
  AnnouncementSchema,
  ModelCardSchema,
  LEASE_MS,
  announcementSubject,
  consumer,
  create,
  provisionSubject,
  type Announcement,
} from "@similarfaces/contracts";
import { announce, storeAnnouncement } from "../src/broker/announce.js";
import { followModels, type AnnouncedModels } from "../src/broker/models.js";
import { connectBroker, type Broker } from "../src/broker/broker.js";
import { provideConsumer, provision } from "../src/broker/provision.js";
import { ConfigError } from "../src/settings/settings.js";
import { createLog } from "../src/telemetry/log.js";
import { until } from "./loop.js";
import { startNatsServer, type NatsServer } from "./natsServer.js";

/** Long enough for a busy machine to renew within it. */
const LEASE = { leaseMs: 3_000, renewMs: 500 };
const log = createLog({ service: "test", level: "silent" });

let server: NatsServer;
/** Of the models, and of whoever follows them. */
let broker: Broker;
let other: Broker;
let ends: (() => void)[];

beforeEach(async () => {
  server = await startNatsServer();
  broker = await connectBroker({ url: server.url, name: "test" });
  other = await connectBroker({ url: server.url, name: "another test" });
  ends = [];
});
afterEach(async () => {
  for (const end of ends) end();
  await broker?.close();
  await other?.close();
  await server?.stop();
});

const provide = () =>
  provision(broker, { replicas: 1, jobTtlMs: 600_000, stages: ["extract"], leaseMs: LEASE.leaseMs });

const named = (name: string, order = 0): Announcement => create(AnnouncementSchema, { name, order });

const namesOf = (models: AnnouncedModels) => models.analyzers().map(({ name }) => name);

/** `provision`, as far as an analyzer notices it. */
function answer(answerOf: (name: string) => Promise<string>): void {
  const subscription = other.nc.subscribe(provisionSubject("*"), {
    callback: (_error, message) => {
      void answerOf(message.subject.slice(provisionSubject("").length)).then((text) => message.respond(text));
    },
  });
  ends.push(() => subscription.unsubscribe());
}

const provideAny = async (name: string) => {
  await provideConsumer(other, consumer(name));
  return "";
};

async function follow(): Promise<AnnouncedModels> {
  const models = await followModels(other, LEASE);
  ends.push(() => models.close());
  return models;
}

async function begin(announcement: Announcement): Promise<() => void> {
  const { close } = await announce(broker, announcement, { log, ...LEASE });
  ends.push(close);
  return close;
}

it("shows who announces itself, by order and name, and forgets who renews no more", async () => {
  await provide();
  answer(provideAny);
  const models = await follow();
  expect(models.analyzers()).toEqual([]);
  let changes = 0;
  const off = models.onChange(() => changes++);
  await begin(named("zebra", 1));
  await begin(named("ant", 2));
  const leave = await begin(named("bee", 1));
  await until(async () => models.analyzers().length === 3);
  expect(namesOf(models)).toEqual(["bee", "zebra", "ant"]);
  expect(models.analyzers()[0]).toMatchObject({ name: "bee", order: 1, title: {}, answers: [] });
  expect(changes).toBe(3);
  leave();
  const leftAtMs = Date.now();
  await until(async () => models.analyzers().length === 2);
  expect(Date.now() - leftAtMs).toBeGreaterThan(LEASE.leaseMs - LEASE.renewMs - 100);
  expect(namesOf(models)).toEqual(["zebra", "ant"]);
  // Renewals, of which there have been many, change nothing.
  expect(changes).toBe(4);
  off();
  // Who comes later reads the same.
  expect(namesOf(await follow())).toEqual(["zebra", "ant"]);
});

it("an analyzer that says something else is changed in place", async () => {
  await provide();
  answer(provideAny);
  const models = await follow();
  const leave = await begin(named("mask", 1));
  await until(async () => models.analyzers()[0]?.order === 1);
  leave();
  await begin(named("mask", 5));
  await until(async () => models.analyzers()[0]?.order === 5);
  expect(namesOf(models)).toEqual(["mask"]);
});

it("a model of the core is announced without a consumer, and is no analyzer", async () => {
  await provide();
  const models = await follow();
  let changes = 0;
  models.onChange(() => changes++);
  // Nobody answers requests for consumers here.
  await begin({ ...named("embed"), chipSide: 144 });
  await until(async () => models.list().length === 1);
  expect(models.list()[0]).toMatchObject({ name: "embed", chipSide: 144, answers: [] });
  expect(models.analyzers()).toEqual([]);
  answer(provideAny);
  await begin(named("mask"));
  await until(async () => models.list().length === 2);
  expect(models.list().map(({ name }) => name)).toEqual(["embed", "mask"]);
  expect(namesOf(models)).toEqual(["mask"]);
  expect(changes).toBe(1);
});

it("where replicas of one model run other variants, the record has the last one, and nobody is told of a change", async () => {
  await provide();
  const models = await follow();
  const seen: (string | undefined)[] = [];
  models.onChange(() => seen.push(models.analyzers()[0]?.model.precision));
  const running = (precision: string, order = 0) => ({
    ...named("mask", order),
    model: create(ModelCardSchema, { id: "extra-mask", version: "2.0.0", precision }),
  });
  for (const precision of ["float32", "int8", "float32"]) {
    await storeAnnouncement(broker, running(precision));
    await until(async () => models.analyzers()[0]?.model.precision === precision);
  }
  expect(seen).toEqual(["float32"]);
  // What is shown of it is another thing.
  await storeAnnouncement(broker, running("int8", 1));
  await until(async () => seen.length === 2);
  expect(models.analyzers()[0]).toMatchObject({ order: 1, model: { precision: "int8" } });
});

it("waits for the bucket, for somebody who provisions and for its consumer", async () => {
  const following = follow();
  let asked = 0;
  const announcing = begin(named("mask"));
  await provide();
  const models = await following;
  expect(models.analyzers()).toEqual([]);
  answer(async () => (asked++, ""));
  await until(async () => asked > 0);
  // What an analyzer says before it has a consumer would make jobs wait for it in vain.
  expect(models.analyzers()).toEqual([]);
  await provideAny("mask");
  await announcing;
  await until(async () => models.analyzers().length === 1);
});

it("a refusal comes in words", async () => {
  await provide();
  answer(async (name) => `"${name}" is a name of the system itself`);
  const announcing = announce(broker, named("match"), { log, ...LEASE });
  await expect(announcing).rejects.toThrow(ConfigError);
  await expect(announcing).rejects.toThrow('"match" is a name of the system itself');
});

it("an announcement that the broker would never store is refused in words", async () => {
  const long = { ...named("mask"), title: { en: "x".repeat(600_000) } };
  const announcing = announce(broker, create(AnnouncementSchema, long), { log, ...LEASE });
  await expect(announcing).rejects.toThrow(ConfigError);
  await expect(announcing).rejects.toThrow(/the announcement of "mask" has 600\d{3} bytes, 524288 at most/);
});

it("a stop ends the waits", async () => {
  const stopping = new AbortController();
  const { signal } = stopping;
  const waits = [
    announce(broker, named("mask"), { log, ...LEASE, signal }),
    followModels(other, { ...LEASE, signal }),
  ];
  stopping.abort();
  await Promise.all(waits.map((wait) => expect(wait).rejects.toThrow(/stopped/)));
});

it("a broker that comes back later than the lease has them again, and nobody who follows sees them gone", async () => {
  await provide();
  answer(provideAny);
  const models = await follow();
  await begin(named("mask"));
  await until(async () => models.analyzers().length === 1);
  const seen: string[][] = [];
  models.onChange(() => seen.push(namesOf(models)));
  await server.kill();
  await new Promise((resolve) => setTimeout(resolve, LEASE.leaseMs + LEASE.renewMs));
  await server.restart();
  await until(async () => broker.connected() && other.connected());
  await begin(named("new"));
  await until(async () => models.analyzers().length === 2);
  await until(async () => {
    const last_by_subj = announcementSubject("mask");
    return (await other.jsm.streams.getMessage(MODEL_STREAM, { last_by_subj })) !== null;
  });
  expect(seen).toEqual([["mask", "new"]]);
});

it("the bucket of an earlier start has the lease of this one", async () => {
  const ageOf = async () => (await other.jsm.streams.info(MODEL_STREAM)).config.max_age / 1_000_000;
  const options = { replicas: 1, jobTtlMs: 600_000, stages: ["extract"] };
  await provision(broker, options);
  expect(await ageOf()).toBe(LEASE_MS);
  await provision(broker, { ...options, leaseMs: LEASE.leaseMs });
  expect(await ageOf()).toBe(LEASE.leaseMs);
  await provision(broker, options);
  expect(await ageOf()).toBe(LEASE_MS);
});

it("what is no announcement of its name is passed over", async () => {
  await provide();
  const models = await follow();
  for (const [key, text] of [
    ["mask", "no json"],
    ["hat", JSON.stringify({ name: "mask" })],
    ["match", JSON.stringify({ name: "match" })],
    ["beard", JSON.stringify({ name: "beard", from: "a later version" })],
  ] as const)
    await broker.js.publish(announcementSubject(key), text);
  await until(async () => models.analyzers().length > 0);
  expect(namesOf(models)).toEqual(["beard"]);
});
