import { randomBytes } from "node:crypto";
import {
  GALLERY_OPERATIONS,
  GalleryReplySchema,
  GalleryRequestSchema,
  create,
  embeddingToBytes,
  fromBinary,
  gallerySubject,
  toBinary,
} from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import { PORTRAIT, embedding, near } from "./fixtures.js";
import { MODEL, matchProcesses, type Case } from "./matchProcesses.js";

const GALLERY_AWAY = "the gallery is away";

const {
  broker,
  blobs,
  replicas,
  metrics,
  start,
  restart,
  reply,
  ask,
  enrol,
  enrolled,
  match,
  matches,
  resultOf,
} = matchProcesses();

describe("the gallery service", () => {
  it("answers every operation", async () => {
    const { faceId } = await enrolled({ identityId: "ada", name: "Ada" });
    await enrolled({ identityId: "bea", name: "Bea", vector: embedding(2) });
    expect(await ask("list", { nameContains: "AD", pageSize: 5, pageToken: "" })).toMatchObject({
      identities: [{ id: "ada" }],
      total: 1,
    });
    expect(await ask("statistics", {})).toMatchObject({
      identities: 2,
      faces: 2,
      driver: "nats",
      model: MODEL,
    });
    const question = { embedding: embeddingToBytes(near(embedding(1), 0.6)), model: MODEL, count: 2 };
    await expect.poll(async () => (await ask("search", question)).galleryFaces).toBe(2);
    const found = await ask("search", question);
    expect(found).toMatchObject({
      verdict: "very_alike",
      matches: [{ identityId: "ada" }, { identityId: "bea" }],
    });
    expect((await ask("search", { ...question, minLikelihood: 0.5 })).matches.length).toBe(1);
    expect(await ask("rename", { identityId: "ada", name: "Ada L." })).toMatchObject({ name: "Ada L." });
    const { faces } = await ask("export", { pageSize: 10, pageToken: "" });
    expect(faces.map(({ name }) => name).sort()).toEqual(["Ada L.", "Bea"]);
    for (const { thumbnail } of faces) expect(Buffer.from(thumbnail).equals(PORTRAIT)).toBe(true);
    const merged = await ask("merge", { fromIdentityId: "ada", intoIdentityId: "bea" });
    expect(merged.faces.length).toBe(2);
    expect(await ask("hasFace", { faceId })).toMatchObject({ present: true });
    expect(await ask("deleteFace", { faceId })).toMatchObject({ faces: 1, thumbnails: 1 });
    expect(await ask("hasFace", { faceId })).toMatchObject({ present: false });
    expect(await ask("deleteIdentity", { identityId: "bea" })).toMatchObject({ identities: 1, faces: 1 });
    expect(await ask("import", { faces })).toMatchObject({ identities: 2, faces: 2, thumbnails: 2 });
    expect(await ask("import", { faces })).toMatchObject({ identities: 0, faces: 0, thumbnails: 0 });
  });

  it("ignores requests without an inbox, as deliveries of the broker are", async () => {
    await enrolled({ identityId: "ada" });
    const value = { identityId: "ada" };
    const request = create(GalleryRequestSchema, { operation: { case: "deleteIdentity", value } });
    const bytes = toBinary(GalleryRequestSchema, request);
    const subject = gallerySubject("delete_identity");
    // Often enough that each replica gets some.
    for (let i = 0; i < 20; i++) {
      broker().nc.publish(subject, bytes);
      broker().nc.publish(subject, bytes, { reply: "$JS.ACK.SF_FACES.age.1.1.1.1.0" });
    }
    await broker().nc.flush();
    // A replica answers what it was asked before it has drained.
    await restart();
    expect(await ask("get", value)).toMatchObject({ id: "ada" });
  });

  it("shows a change to the next question, whichever replica answers", async () => {
    await enrolled({ identityId: "ada" });
    for (let i = 0; i < 20; i++) {
      await ask("rename", { identityId: "ada", name: `Name ${i}` });
      expect((await ask("get", { identityId: "ada" })).name).toBe(`Name ${i}`);
    }
  });

  it.each([
    ["list", { pageSize: 0 }, "bad_request"],
    ["list", { pageSize: 5, pageToken: "?" }, "bad_request"],
    ["get", { identityId: "nobody" }, "identity_not_found"],
    ["search", { embedding: new Uint8Array(3), model: MODEL, count: 1 }, "invalid_embedding"],
    ["search", { embedding: embeddingToBytes(embedding(1)), model: "other@1", count: 1 }, "model_mismatch"],
    ["search", { embedding: embeddingToBytes(embedding(1)), model: MODEL, count: 1_000 }, "bad_request"],
    ["rename", { identityId: "nobody", name: "Ada" }, "identity_not_found"],
    ["rename", { identityId: "nobody", name: "a".repeat(10_000) }, "invalid_name"],
    ["merge", { fromIdentityId: "nobody", intoIdentityId: "none" }, "identity_not_found"],
    ["deleteFace", { faceId: "none" }, "face_not_found"],
    ["deleteIdentity", { identityId: "nobody" }, "identity_not_found"],
    ["export", { pageSize: 501 }, "bad_request"],
    ["import", { faces: [{ name: "Ada" }] }, "invalid_embedding"],
  ] as [Case, object, string][])("answers %s of %j with %s", async (operation, question, code) => {
    expect(await reply(operation, question)).toMatchObject({
      case: "failure",
      value: { code, retryable: false },
    });
  });

  it.each(GALLERY_OPERATIONS)("answers bytes that are no request on %s", async (operation) => {
    for (const bytes of [new Uint8Array(0), new Uint8Array([0xff, 0xff])]) {
      const { data } = await broker().nc.request(gallerySubject(operation), bytes, { timeout: 9_000 });
      expect(fromBinary(GalleryReplySchema, data).reply).toMatchObject({
        case: "failure",
        value: { code: "malformed_message" },
      });
    }
  });

  it("exports in pages what no single message could hold", async () => {
    const jpeg = Buffer.concat([PORTRAIT, randomBytes(40_000)]);
    const faces = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        enrolled({ vector: embedding(i), identityId: "many", portrait: { jpeg } }),
      ),
    );
    const ids: string[] = [];
    let pageToken = "";
    let pages = 0;
    do {
      const page = await ask("export", { pageSize: 500, pageToken });
      ids.push(...page.faces.map(({ face }) => face!.id));
      pageToken = page.nextPageToken;
      pages++;
    } while (pageToken !== "");
    expect(pages).toBeGreaterThan(1);
    expect(ids.sort()).toEqual(faces.map(({ faceId }) => faceId).sort());
  });

  it("goes on while one replica drains", async () => {
    const third = await start();
    const asking = Promise.all(Array.from({ length: 60 }, () => ask("statistics", {})));
    await third.drain();
    expect((await asking).length).toBe(60);
    expect(third.unready?.()).toBe(GALLERY_AWAY);
  });

  it("measures operations by outcome", async () => {
    const text = await metrics.registry.metrics();
    for (const labels of [
      'driver="nats",operation="search",outcome="ok"',
      'driver="nats",operation="enrol",outcome="ok"',
      // Each replica at its start.
      'driver="nats",operation="sweep_portraits",outcome="ok"',
    ]) {
      expect(text).toContain(`similarfaces_gallery_operation_seconds_count{${labels}}`);
    }
    expect(text).toContain('similarfaces_gallery_faces{driver="nats",searched="true"}');
  });
});

describe("a gallery that cannot be stored or asked", () => {
  it("fails the job with gallery_full when its time is over", async () => {
    const full = { ...(await broker().jsm.streams.info("KV_SF_GALLERY")).config };
    await broker().jsm.streams.update(full.name, { max_bytes: 100 });
    try {
      const jobId = await enrol({ deadlineAtMs: Date.now() + 4_000 });
      const { outcome } = await resultOf(jobId, "enrol");
      expect(outcome).toMatchObject({ case: "failure", value: { code: "gallery_full", retryable: true } });
      expect(await blobs().list("gallery/")).toEqual([]);
    } finally {
      await broker().jsm.streams.update(full.name, { max_bytes: full.max_bytes });
    }
    expect(await ask("statistics", {})).toMatchObject({ identities: 0, faces: 0 });
  });

  it("fails the job with gallery_unavailable when the bucket is gone, and serves again when it is back", async () => {
    const { config } = await broker().jsm.streams.info("KV_SF_GALLERY");
    await broker().jsm.streams.delete(config.name);
    const reasons = () => new Set(replicas().map((replica) => replica.unready?.()));
    await expect.poll(reasons, { timeout: 10_000 }).toEqual(new Set([GALLERY_AWAY]));
    const { outcome } = await match({ deadlineAtMs: Date.now() + 4_000 });
    expect(outcome).toMatchObject({
      case: "failure",
      value: { code: "gallery_unavailable", retryable: true },
    });
    expect(await reply("statistics", {})).toMatchObject({
      case: "failure",
      value: { code: "gallery_unavailable" },
    });
    await broker().jsm.streams.add(config);
    await expect.poll(reasons, { timeout: 10_000 }).toEqual(new Set([undefined]));
    await enrolled({ identityId: "ada" });
    await expect.poll(async () => (await matches({})).matches[0]?.identityId).toBe("ada");
  });
});
