import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { ModelCardSchema, STREAM_NAMES, announcementSubject, create } from "@similarfaces/contracts";
import { followModels, untilProvisioned } from "@similarfaces/runtime";
import { until } from "../../runtime/test/loop.js";
import { LEASE, log, named, provisionFixture } from "./provisionFixture.js";

const on = provisionFixture();

it("keeps standing analyzers announced, with a consumer, though none of them runs", async () => {
  await on.begin({ standing: [named("age", 1), named("mask", 2)] });
  const models = await followModels(on.other, LEASE);
  on.atEnd(() => models.close());
  expect(models.analyzers().map(({ name }) => name)).toEqual(["age", "mask"]);
  let changes = 0;
  models.onChange(() => changes++);
  // Another one comes and goes: by then the standing ones are older than a lease too.
  (await on.analyzer(named("hat", 3)))();
  await until(async () => models.analyzers().length === 3);
  await until(async () => models.analyzers().length === 2);
  await until(async () => (await on.consumersOf(STREAM_NAMES.faces)).join() === "age,embed,mask");
  expect(changes).toBe(2);
});

it("where a standing analyzer runs and says something else of itself, its word stands while it lives", async () => {
  await on.begin({ standing: [named("mask", 1)] });
  const models = await followModels(on.other, LEASE);
  on.atEnd(() => models.close());
  const orders: number[] = [];
  models.onChange(() => orders.push(...models.analyzers().map(({ order }) => order)));
  const leave = await on.analyzer(named("mask", 2));
  // Several renewals of both.
  const isRenewed = async (times: number) => {
    const last_by_subj = announcementSubject("mask");
    const message = await on.other.jsm.streams.getMessage("KV_SF_MODELS", { last_by_subj });
    return (message?.seq ?? 0) > times;
  };
  await until(() => isRenewed(5));
  expect(orders).toEqual([2]);
  leave();
  await until(async () => orders.at(-1) === 1);
});

it("two models of one name are warned of, and one that gives way to another is not", async () => {
  const warnings: unknown[] = [];
  const warn = (fields: unknown) => warnings.push(fields);
  await on.begin({ log: { ...log, info() {}, debug() {}, warn } as unknown as typeof log });
  const model = (name: string, version: string) => ({
    ...named(name),
    model: create(ModelCardSchema, { pack: "mine", id: "hats", version }),
  });
  const leave = await on.analyzer(model("replaced", "1.0.0"));
  leave();
  await on.analyzer(model("replaced", "2.0.0"));
  // Replicas of one model on two processors.
  for (const [precision, renewMs] of [
    ["float32", LEASE.renewMs],
    ["int8", LEASE.renewMs * 1.4],
  ] as const) {
    const { model: card, ...words } = model("mixed", "1.0.0");
    await on.analyzer({ ...words, model: { ...card, precision } }, renewMs);
  }
  await on.analyzer(model("mask", "1.0.0"));
  // Two that renew in the same moment, as timers of one busy process come to do, overwrite each other before anybody has read the first.
  await on.analyzer(model("mask", "2.0.0"), LEASE.renewMs * 1.4);
  await until(async () => warnings.length > 0);
  // Many renewals later it has not been said again.
  const lastSequence = async () => (await on.other.jsm.streams.info("KV_SF_MODELS")).state.last_seq;
  const atFirst = await lastSequence();
  await until(async () => (await lastSequence()) >= atFirst + 15);
  expect(warnings).toEqual([
    { analyzer: "mask", models: expect.arrayContaining(["hats@1.0.0 of mine", "hats@2.0.0 of mine"]) },
  ]);
});

it("a second one does no harm, and takes over", async () => {
  const first = await on.begin({ standing: [named("age")] });
  const second = await on.connect("provision");
  on.atEnd(() => second.close());
  await on.begin({ broker: second, standing: [named("age")] });
  await on.analyzer(named("mask"));
  expect(await on.ask("hat")).toBe("");
  expect(await on.consumersOf(STREAM_NAMES.faces)).toEqual(["age", "embed", "hat", "mask"]);
  await first.close();
  expect(await on.ask("beard")).toBe("");
  await until(async () => (await on.consumersOf(STREAM_NAMES.faces)).join() === "age,embed,mask");
});

it("an outage longer than the lease takes nobody's consumer who lives", async () => {
  await on.begin({ standing: [named("age")] });
  await on.analyzer(named("mask"));
  const createdAtMs = async (name: string) =>
    Date.parse((await on.other.jsm.consumers.info(STREAM_NAMES.faces, name)).created);
  const before = [await createdAtMs("age"), await createdAtMs("mask")];
  await on.server.kill();
  await new Promise((resolve) => setTimeout(resolve, LEASE.leaseMs + LEASE.renewMs));
  await on.server.restart();
  await until(async () => on.broker.connected() && on.other.connected());
  const models = await followModels(on.other, LEASE);
  on.atEnd(() => models.close());
  await until(async () => models.analyzers().length === 2);
  // When who asked and never came is gone, it has been looked through several times.
  await on.ask("hat");
  await until(async () => !(await on.consumersOf(STREAM_NAMES.faces)).includes("hat"));
  // A server that reads them from its disk is off by a fraction of a millisecond.
  const after = [await createdAtMs("age"), await createdAtMs("mask")];
  expect(after.map((atMs, i) => atMs - before[i]! < LEASE.leaseMs)).toEqual([true, true]);
});

it("an analyzer that slept for longer than its lease asks for its consumer again", async () => {
  await on.begin();
  const path = fileURLToPath(new URL("sleeper.mjs", import.meta.url));
  const { leaseMs, renewMs } = LEASE;
  const sleeper = spawn(process.execPath, [
    path,
    on.server.url,
    "owner",
    "mask",
    String(leaseMs),
    String(renewMs),
  ]);
  on.atEnd(() => sleeper.kill("SIGKILL"));
  const models = await followModels(on.other, LEASE);
  on.atEnd(() => models.close());
  await until(async () => models.analyzers().length === 1);
  sleeper.kill("SIGSTOP");
  await until(async () => !(await on.consumersOf(STREAM_NAMES.faces)).includes("mask"));
  await until(async () => models.analyzers().length === 0);
  sleeper.kill("SIGCONT");
  await untilProvisioned(on.other, "mask");
  await until(async () => models.analyzers().length === 1);
});
