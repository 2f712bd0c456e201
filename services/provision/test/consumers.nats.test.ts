import { expect, it } from "vitest";
import { STREAM_NAMES, faceWorkSubject, newJobId } from "@similarfaces/contracts";
import { ConfigError, announce, untilProvisioned } from "@similarfaces/runtime";
import { until } from "../../runtime/test/loop.js";
import { LEASE, log, named, provisionFixture } from "./provisionFixture.js";

const on = provisionFixture();

it("makes the consumers of what is switched on, and of an analyzer when it asks", async () => {
  await on.begin();
  expect(await on.consumersOf(STREAM_NAMES.images)).toEqual(["extract"]);
  expect(await on.consumersOf(STREAM_NAMES.faces)).toEqual(["embed"]);
  expect(await on.consumersOf(STREAM_NAMES.embeddings)).toEqual([]);
  expect(await on.ask("mask")).toBe("");
  expect(await on.consumersOf(STREAM_NAMES.faces)).toEqual(["embed", "mask"]);
  // Whoever asks again, as every replica does, is told the same.
  expect(await on.ask("mask")).toBe("");
});

it.each([
  ["match", '"match" is a name of the system itself'],
  ["gateway", '"gateway" is a name of the system itself'],
  ["Mask", /no name of an analyzer/],
  ["no_name", /no name of an analyzer/],
  ["a".repeat(33), /no name of an analyzer/],
])("refuses %s in words", async (name, words) => {
  await on.begin();
  if (typeof words === "string") expect(await on.ask(name)).toBe(words);
  else expect(await on.ask(name)).toMatch(words);
  await expect(announce(on.other, named(name), { log, ...LEASE })).rejects.toThrow(ConfigError);
  expect(await on.consumersOf(STREAM_NAMES.faces)).toEqual(["embed"]);
});

it("makes no consumer for a model of the core, which is part of a stage", async () => {
  await on.begin();
  expect(await on.ask("refine")).toBe('"refine" is a name of the system itself');
  await on.analyzer(named("refine"));
  expect(await on.consumersOf(STREAM_NAMES.faces)).toEqual(["embed"]);
});

it("a chip that is published before the analyzer takes work waits for it", async () => {
  await on.begin();
  await on.ask("mask");
  await on.other.js.publish(faceWorkSubject(newJobId(Date.now()), 0), "a chip");
  await on.analyzer(named("mask"));
  const consumer = await on.other.js.consumers.get(STREAM_NAMES.faces, "mask");
  expect((await consumer.next({ expires: 5_000 }))?.string()).toBe("a chip");
});

it("takes a consumer away when its analyzer is announced no more, and what waited for it goes", async () => {
  await on.begin({ stages: ["extract"] });
  const leave = await on.analyzer(named("mask"));
  await on.other.js.publish(faceWorkSubject(newJobId(Date.now()), 0), "a chip");
  expect(await on.messagesIn(STREAM_NAMES.faces)).toBe(1);
  leave();
  await until(async () => (await on.consumersOf(STREAM_NAMES.faces)).length === 0);
  await until(async () => (await on.messagesIn(STREAM_NAMES.faces)) === 0);
  // It comes back as it came.
  await on.analyzer(named("mask"));
  expect(await on.consumersOf(STREAM_NAMES.faces)).toEqual(["mask"]);
});

it("keeps a consumer for a lease after it was asked for, and no longer for who does not come", async () => {
  await on.begin();
  const askedAtMs = Date.now();
  await on.ask("mask");
  await until(async () => !(await on.consumersOf(STREAM_NAMES.faces)).includes("mask"));
  expect(Date.now() - askedAtMs).toBeGreaterThanOrEqual(LEASE.leaseMs);
});

it("a start takes no consumer away that somebody asked for before, until a lease is over", async () => {
  const first = await on.begin();
  await on.ask("mask");
  await first.close();
  const startedAtMs = Date.now();
  await on.begin();
  expect(await on.consumersOf(STREAM_NAMES.faces)).toEqual(["embed", "mask"]);
  await until(async () => !(await on.consumersOf(STREAM_NAMES.faces)).includes("mask"));
  expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(LEASE.leaseMs);
  expect(await on.consumersOf(STREAM_NAMES.faces)).toEqual(["embed"]);
});

it("a consumer that somebody has deleted is made again for who is announced", async () => {
  await on.begin();
  await on.analyzer(named("mask"));
  await on.other.jsm.consumers.delete(STREAM_NAMES.faces, "mask");
  await untilProvisioned(on.other, "mask");
});
