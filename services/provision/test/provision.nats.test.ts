import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  AnnouncementSchema,
  BLOB_STREAMS,
  GALLERY_BUCKET,
  GALLERY_STREAM,
  STREAM_NAMES,
  announcementSubject,
  create,
  faceWorkSubject,
  imageWorkSubject,
  newJobId,
  provisionSubject,
  type Announcement,
} from "@similarfaces/contracts";
import {
  ConfigError,
  announce,
  connectBroker,
  createLog,
  followAnalyzers,
  untilProvisioned,
  type Broker,
} from "@similarfaces/runtime";
import { until } from "../../runtime/test/loop.js";
import { startNatsServer, type NatsServer } from "../../runtime/test/natsServer.js";
import { startProvision, type Provision, type ProvisionOptions } from "../src/startProvision.js";

/** Long enough for a busy machine to renew within it. */
const LEASE = { leaseMs: 3_000, renewMs: 500 };
const log = createLog({ service: "test", level: "silent" });

let server: NatsServer;
/** Of `provision`, and of everybody else. */
let broker: Broker;
let other: Broker;
let ends: (() => unknown)[];

beforeEach(async () => {
  server = await startNatsServer();
  broker = await connectBroker({ url: server.url, name: "provision" });
  other = await connectBroker({ url: server.url, name: "test" });
  ends = [];
});
afterEach(async () => {
  for (const end of ends) await end();
  await broker?.close();
  await other?.close();
  await server?.stop();
});

async function begin(options: Partial<ProvisionOptions> = {}): Promise<Provision> {
  const provision = await startProvision({
    broker,
    log,
    signal: new AbortController().signal,
    replicas: 1,
    jobTtlMs: 600_000,
    stages: ["extract", "embed"],
    standing: [],
    ...LEASE,
    ...options,
  });
  ends.push(() => provision.close());
  return provision;
}

const named = (name: string, order = 0): Announcement => create(AnnouncementSchema, { name, order });

/** An analyzer that lives until it leaves. */
async function analyzer(announcement: Announcement): Promise<() => void> {
  const { close } = await announce(other, announcement, { log, ...LEASE });
  ends.push(close);
  return close;
}

async function consumersOf(stream: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of other.jsm.consumers.list(stream)) names.push(name);
  return names.sort();
}

const ask = async (name: string) =>
  (await other.nc.request(provisionSubject(name), "", { timeout: 5_000 })).string();

const messagesIn = async (stream: string) => (await other.jsm.streams.info(stream)).state.messages;

it("makes the consumers of what is switched on, and of an analyzer when it asks", async () => {
  await begin();
  expect(await consumersOf(STREAM_NAMES.images)).toEqual(["extract"]);
  expect(await consumersOf(STREAM_NAMES.faces)).toEqual(["embed"]);
  expect(await consumersOf(STREAM_NAMES.embeddings)).toEqual([]);
  expect(await ask("mask")).toBe("");
  expect(await consumersOf(STREAM_NAMES.faces)).toEqual(["embed", "mask"]);
  // Whoever asks again, as every replica does, is told the same.
  expect(await ask("mask")).toBe("");
});

it.each([
  ["match", '"match" is a name of the system itself'],
  ["gateway", '"gateway" is a name of the system itself'],
  ["Mask", /no name of an analyzer/],
  ["no_name", /no name of an analyzer/],
  ["a".repeat(33), /no name of an analyzer/],
])("refuses %s in words", async (name, words) => {
  await begin();
  if (typeof words === "string") expect(await ask(name)).toBe(words);
  else expect(await ask(name)).toMatch(words);
  await expect(announce(other, named(name), { log, ...LEASE })).rejects.toThrow(ConfigError);
  expect(await consumersOf(STREAM_NAMES.faces)).toEqual(["embed"]);
});

it("a chip that is published before the analyzer takes work waits for it", async () => {
  await begin();
  await ask("mask");
  await other.js.publish(faceWorkSubject(newJobId(Date.now()), 0), "a chip");
  await analyzer(named("mask"));
  const consumer = await other.js.consumers.get(STREAM_NAMES.faces, "mask");
  expect((await consumer.next({ expires: 5_000 }))?.string()).toBe("a chip");
});

it("takes a consumer away when its analyzer is announced no more, and what waited for it goes", async () => {
  await begin({ stages: ["extract"] });
  const leave = await analyzer(named("mask"));
  await other.js.publish(faceWorkSubject(newJobId(Date.now()), 0), "a chip");
  expect(await messagesIn(STREAM_NAMES.faces)).toBe(1);
  leave();
  await until(async () => (await consumersOf(STREAM_NAMES.faces)).length === 0);
  await until(async () => (await messagesIn(STREAM_NAMES.faces)) === 0);
  // It comes back as it came.
  await analyzer(named("mask"));
  expect(await consumersOf(STREAM_NAMES.faces)).toEqual(["mask"]);
});

it("keeps a consumer for a lease after it was asked for, and no longer for who does not come", async () => {
  await begin();
  const askedAtMs = Date.now();
  await ask("mask");
  await until(async () => !(await consumersOf(STREAM_NAMES.faces)).includes("mask"));
  expect(Date.now() - askedAtMs).toBeGreaterThanOrEqual(LEASE.leaseMs);
});

it("a start takes no consumer away that somebody asked for before, until a lease is over", async () => {
  const first = await begin();
  await ask("mask");
  await first.close();
  const startedAtMs = Date.now();
  await begin();
  expect(await consumersOf(STREAM_NAMES.faces)).toEqual(["embed", "mask"]);
  await until(async () => !(await consumersOf(STREAM_NAMES.faces)).includes("mask"));
  expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(LEASE.leaseMs);
  expect(await consumersOf(STREAM_NAMES.faces)).toEqual(["embed"]);
});

it("keeps standing analyzers announced, with a consumer, though none of them runs", async () => {
  await begin({ standing: [named("age", 1), named("mask", 2)] });
  const analyzers = await followAnalyzers(other, LEASE);
  ends.push(() => analyzers.close());
  expect(analyzers.list().map(({ name }) => name)).toEqual(["age", "mask"]);
  let changes = 0;
  analyzers.onChange(() => changes++);
  // Another one comes and goes: by then the standing ones are older than a lease too.
  (await analyzer(named("hat", 3)))();
  await until(async () => analyzers.list().length === 3);
  await until(async () => analyzers.list().length === 2);
  await until(async () => (await consumersOf(STREAM_NAMES.faces)).join() === "age,embed,mask");
  expect(changes).toBe(2);
});

it("where a standing analyzer runs and says something else of itself, its word stands while it lives", async () => {
  await begin({ standing: [named("mask", 1)] });
  const analyzers = await followAnalyzers(other, LEASE);
  ends.push(() => analyzers.close());
  const orders: number[] = [];
  analyzers.onChange(() => orders.push(...analyzers.list().map(({ order }) => order)));
  const leave = await analyzer(named("mask", 2));
  // Several renewals of both.
  const isRenewed = async (times: number) => {
    const last_by_subj = announcementSubject("mask");
    const message = await other.jsm.streams.getMessage("KV_SF_ANALYZERS", { last_by_subj });
    return (message?.seq ?? 0) > times;
  };
  await until(() => isRenewed(5));
  expect(orders).toEqual([2]);
  leave();
  await until(async () => orders.at(-1) === 1);
});

it("a second one does no harm, and takes over", async () => {
  const first = await begin({ standing: [named("age")] });
  const second = await connectBroker({ url: server.url, name: "provision" });
  ends.push(() => second.close());
  await begin({ broker: second, standing: [named("age")] });
  await analyzer(named("mask"));
  expect(await ask("hat")).toBe("");
  expect(await consumersOf(STREAM_NAMES.faces)).toEqual(["age", "embed", "hat", "mask"]);
  await first.close();
  expect(await ask("beard")).toBe("");
  await until(async () => (await consumersOf(STREAM_NAMES.faces)).join() === "age,embed,mask");
});

it("an outage longer than the lease takes nobody's consumer who lives", async () => {
  await begin({ standing: [named("age")] });
  await analyzer(named("mask"));
  const createdAtMs = async (name: string) =>
    Date.parse((await other.jsm.consumers.info(STREAM_NAMES.faces, name)).created);
  const before = [await createdAtMs("age"), await createdAtMs("mask")];
  await server.kill();
  await new Promise((resolve) => setTimeout(resolve, LEASE.leaseMs + LEASE.renewMs));
  await server.restart();
  await until(async () => broker.connected() && other.connected());
  const analyzers = await followAnalyzers(other, LEASE);
  ends.push(() => analyzers.close());
  await until(async () => analyzers.list().length === 2);
  // When who asked and never came is gone, it has been looked through several times.
  await ask("hat");
  await until(async () => !(await consumersOf(STREAM_NAMES.faces)).includes("hat"));
  // A server that reads them from its disk is off by a fraction of a millisecond.
  const after = [await createdAtMs("age"), await createdAtMs("mask")];
  expect(after.map((atMs, i) => atMs - before[i]! < LEASE.leaseMs)).toEqual([true, true]);
});

it("an analyzer that slept for longer than its lease asks for its consumer again", async () => {
  await begin();
  const path = fileURLToPath(new URL("sleeper.mjs", import.meta.url));
  const { leaseMs, renewMs } = LEASE;
  const sleeper = spawn(process.execPath, [path, server.url, "mask", String(leaseMs), String(renewMs)]);
  ends.push(() => sleeper.kill("SIGKILL"));
  const analyzers = await followAnalyzers(other, LEASE);
  ends.push(() => analyzers.close());
  await until(async () => analyzers.list().length === 1);
  sleeper.kill("SIGSTOP");
  await until(async () => !(await consumersOf(STREAM_NAMES.faces)).includes("mask"));
  await until(async () => analyzers.list().length === 0);
  sleeper.kill("SIGCONT");
  await untilProvisioned(other, "mask");
  await until(async () => analyzers.list().length === 1);
});

it("a consumer that somebody has deleted is made again for who is announced", async () => {
  await begin();
  await analyzer(named("mask"));
  await other.jsm.consumers.delete(STREAM_NAMES.faces, "mask");
  await untilProvisioned(other, "mask");
});

it("streams of the version before are taken away with all that waits in them; gallery, keys and pictures stay", async () => {
  const v1 = [
    { name: STREAM_NAMES.images, subjects: ["sf.v1.work.*.image"], retention: "interest" },
    { name: STREAM_NAMES.faces, subjects: ["sf.v1.work.*.face.*"], retention: "interest" },
    { name: STREAM_NAMES.results, subjects: ["sf.v1.result.>"], retention: "limits" },
    { name: STREAM_NAMES.deletions, subjects: ["sf.v1.deletion.*"], retention: "workqueue" },
    { name: "SF_PROBE", subjects: ["sf.v1.probe"], retention: "limits" },
    { name: BLOB_STREAMS.jobs, subjects: ["sf.v1.blob.jobs.>"], retention: "limits" },
    { name: BLOB_STREAMS.gallery, subjects: ["sf.v1.blob.gallery.>"], retention: "limits" },
    { name: GALLERY_STREAM, subjects: [`$KV.${GALLERY_BUCKET}.>`], retention: "limits" },
  ] as const;
  for (const spec of v1) await other.jsm.streams.add({ ...spec, subjects: [...spec.subjects] } as never);
  for (const name of ["embed", "emotion"]) {
    await other.jsm.consumers.add(STREAM_NAMES.faces, {
      durable_name: name,
      filter_subject: "sf.v1.work.*.face.*",
      ack_policy: "explicit",
    } as never);
  }
  for (const subject of [
    "sf.v1.work.x.face.0",
    "sf.v1.result.x.accepted",
    "sf.v1.blob.jobs.1.x.photo.0",
    "sf.v1.blob.gallery.f.0",
    `$KV.${GALLERY_BUCKET}.face.f`,
  ])
    await other.js.publish(subject, "of the version before");
  await begin();
  for (const name of Object.values(STREAM_NAMES)) {
    const { config, state } = await other.jsm.streams.info(name);
    expect(config.subjects.filter((subject) => subject.startsWith("sf.v1."))).toEqual([]);
    expect(state.messages).toBe(0);
  }
  expect(await consumersOf(STREAM_NAMES.faces)).toEqual(["embed"]);
  for (const name of [BLOB_STREAMS.jobs, BLOB_STREAMS.gallery, GALLERY_STREAM])
    expect(await messagesIn(name)).toBe(1);
  await other.js.publish(imageWorkSubject(newJobId(Date.now())), "a photo");
  // Once more, as at the next start, it leaves what is there.
  await begin();
  expect(await messagesIn(STREAM_NAMES.images)).toBe(1);
});
