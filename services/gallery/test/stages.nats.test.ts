import {
  EmbeddingWorkSchema,
  create,
  embeddingToBytes,
  embeddingWorkSubject,
  newJobId,
  resultsOf,
  toBinary,
  type MessageInitShape,
  type Result,
} from "@similarfaces/contracts";
import { galleryBlobKey } from "@similarfaces/runtime";
import { describe, expect, it } from "vitest";
import { EYES, PORTRAIT, embedding, eyesAt, near } from "./fixtures.js";
import { MODEL, matchProcesses, type Enrolling } from "./matchProcesses.js";

const { broker, blobs, ask, enrol, enrolled, match, matches, resultOf } = matchProcesses();

describe("the stage match", () => {
  it("answers an empty gallery with no close match", async () => {
    expect(await matches({})).toMatchObject({ matches: [], galleryFaces: 0, verdict: "no_close_match" });
  });

  it("gives the five nearest people, the likelihood of each pair, and the verdict by the gallery's size", async () => {
    const cosines = [0.6, 0.3, 0.22, 0.1, -0.3, -0.5];
    for (const [i, cosine] of cosines.entries()) {
      await enrolled({ vector: near(embedding(1), cosine, i), identityId: `i${i}`, name: `Person ${i}` });
    }
    // A second, poorer face of the nearest.
    await enrolled({ vector: near(embedding(1), 0.5, 20), identityId: "i0" });
    await expect.poll(async () => (await matches({})).galleryFaces).toBe(7);
    const found = await matches({});
    expect(found.verdict).toBe("very_alike");
    expect(found.matches.map(({ identityId, verdict }) => [identityId, verdict])).toEqual([
      ["i0", "very_alike"],
      ["i1", "quite_alike"],
      ["i2", "a_little_alike"],
      ["i3", "no_close_match"],
      ["i4", "no_close_match"],
    ]);
    expect(found.matches[0]!.similarity).toBeCloseTo(0.6, 3);
    // 1 / (1 + exp(-(17.997 cosine - 5.4625))), of models/compact/embed/manifest.json.
    expect(found.matches[0]!.likelihood).toBeCloseTo(1 / (1 + Math.exp(-(17.997 * 0.6 - 5.4625))), 3);
    expect(found.matches[3]!.likelihood).toBeCloseTo(1 / (1 + Math.exp(-(17.997 * 0.1 - 5.4625))), 3);
    for (const { falseMatchRate, falsePositiveRate } of found.matches) {
      expect(falsePositiveRate).toBeCloseTo(1 - (1 - falseMatchRate!) ** found.galleryFaces, 2);
    }
    expect((await matches({ matchCount: 2 })).matches.length).toBe(2);
    expect((await matches({ vector: embedding(77) })).verdict).toBe("no_close_match");
  });

  it.each([
    ["of a wrong size", { embedding: new Uint8Array(2_044) }, "invalid_embedding"],
    ["that is empty", { embedding: new Uint8Array(0) }, "invalid_embedding"],
    ["with a NaN", { embedding: embeddingToBytes(embedding(1).fill(NaN, 3, 4)) }, "invalid_embedding"],
    [
      "of another length",
      { embedding: embeddingToBytes(embedding(1).map((x) => 2 * x)) },
      "invalid_embedding",
    ],
    ["of another model", { model: "other@1.0.0" }, "model_mismatch"],
  ])("refuses an embedding %s, at once and for good", async (_, bad, code) => {
    const { outcome, attempt } = await match(bad);
    expect(outcome).toMatchObject({ case: "failure", value: { code, retryable: false } });
    expect(attempt).toBe(1);
  });

  describe("of a group", () => {
    /** The faces of `result`, each with whom it is like. */
    const saysOf = (result: Result) =>
      [result, ...result.others].map(({ face, outcome }) => [
        face,
        outcome.case === "match" ? outcome.value.matches[0]!.identityId : outcome.case,
      ]);
    const ended = () =>
      expect
        .poll(async () => {
          const info = await broker().jsm.consumers.info("SF_EMBEDDINGS", "match");
          return info.num_pending + info.num_ack_pending;
        })
        .toBe(0);

    it("answers for each of its faces, in one result", async () => {
      await enrolled({ identityId: "ada" });
      const jobId = newJobId(Date.now());
      await probe(jobId, [5, 7], { group: 4 });
      expect(saysOf(await resultOf(jobId, "match", 4))).toEqual([
        [5, "ada"],
        [7, "ada"],
      ]);
      await ended();
      expect(await placesOf(jobId)).toEqual(["4"]);
    });

    it("answers for the faces of a split one singly; the whole group's probes add nothing", async () => {
      await enrolled({ identityId: "ada" });
      const jobId = newJobId(Date.now());
      for (const face of [4, 5, 7]) await probe(jobId, [face], { group: 4, isSplit: true });
      await ended();
      await probe(jobId, [4, 5, 7]);
      await ended();
      for (const face of [4, 5, 7])
        expect(saysOf(await resultOf(jobId, "match", 4, face))).toEqual([[face, "ada"]]);
      expect(saysOf(await resultOf(jobId, "match", 4))).toEqual([[4, "split"]]);
      expect(await placesOf(jobId)).toEqual(["4", "4.4", "4.5", "4.7"]);
    });

    it("answers for the whole of it; the probes of its faces come too late, but of one that it had not", async () => {
      await enrolled({ identityId: "ada" });
      const jobId = newJobId(Date.now());
      await probe(jobId, [4, 7]);
      await ended();
      for (const face of [4, 5, 7]) await probe(jobId, [face], { group: 4, isSplit: true });
      await ended();
      expect(await placesOf(jobId)).toEqual(["4", "4.5"]);
      expect(saysOf(await resultOf(jobId, "match", 4))).toEqual([
        [4, "ada"],
        [7, "ada"],
      ]);
    });

    it("answers for each face once, whichever of both comes first at which replica", async () => {
      await enrolled({ identityId: "ada" });
      const jobId = newJobId(Date.now());
      const singles = [0, 1, 2, 3].map((face) => () => probe(jobId, [face], { group: 0, isSplit: true }));
      await Promise.all(
        [...singles.slice(2), () => probe(jobId, [0, 1, 2, 3]), ...singles.slice(0, 2)].map((send) => send()),
      );
      await ended();
      const places = await placesOf(jobId);
      const results = await Promise.all(
        places.map((place) => {
          const [group, face] = place.split(".").map(Number);
          return resultOf(jobId, "match", group, face);
        }),
      );
      const faces = results.flatMap(resultsOf).map(({ face }) => face!);
      expect(faces.sort()).toEqual([0, 1, 2, 3]);
    });

    async function probe(
      jobId: string,
      faces: readonly number[],
      more: MessageInitShape<typeof EmbeddingWorkSchema> = {},
    ): Promise<void> {
      const work = create(EmbeddingWorkSchema, {
        jobId,
        stages: ["match"],
        probes: faces.map((face) => ({ face, embedding: embeddingToBytes(embedding(face)) })),
        model: MODEL,
        deadlineAtMs: Date.now() + 60_000,
        ...more,
      });
      await broker().js.publish(embeddingWorkSubject(jobId, faces[0]!), toBinary(EmbeddingWorkSchema, work));
    }

    /** What comes after the stage's name in the subjects of its results. */
    async function placesOf(jobId: string): Promise<string[]> {
      const prefix = `sf.v2.result.${jobId}.match.`;
      const { state } = await broker().jsm.streams.info("SF_RESULTS", { subjects_filter: `${prefix}>` });
      return Object.keys(state.subjects ?? {})
        .map((subject) => subject.slice(prefix.length))
        .sort();
    }
  });

  it("publishes a failure for bytes that are no message", async () => {
    const jobId = newJobId(Date.now());
    await broker().js.publish(embeddingWorkSubject(jobId, 3), new Uint8Array([0xff, 0xff, 0xff]));
    const { outcome } = await resultOf(jobId, "match", 3);
    expect(outcome).toMatchObject({ case: "failure", value: { code: "malformed_message" } });
  });
});

describe("the stage enrol", () => {
  it("adds a face with its portrait, and where the eyes are in that", async () => {
    const jobId = newJobId(Date.now());
    const { identityId, faceId, name } = await enrolled({ jobId, name: " Ada ", identityId: "ada" });
    expect([identityId, name]).toEqual(["ada", "Ada"]);
    expect(faceId).not.toContain(jobId);
    const portrait = await blobs().get(galleryBlobKey(faceId));
    expect(portrait!.contentType).toBe("image/jpeg");
    expect(Buffer.from(portrait!.bytes).equals(PORTRAIT)).toBe(true);
    expect(await ask("get", { identityId })).toMatchObject({
      name: "Ada",
      consent: "signed",
      faces: [{ id: faceId, model: MODEL, sourceJobId: jobId, source: "badge.jpg", eyes: EYES }],
    });
    await expect.poll(async () => (await matches({})).matches[0]?.identityId).toBe("ada");
  });

  it("adds nothing when the work comes again, or the photo", async () => {
    const jobId = newJobId(Date.now());
    const first = await enrolled({ jobId, identityId: "ada" });
    await enrol({ jobId, identityId: "ada" });
    const again = await enrolled({ identityId: "ada" });
    expect(again.faceId).toBe(first.faceId);
    await expect
      .poll(async () => (await broker().jsm.consumers.info("SF_EMBEDDINGS", "enrol")).num_ack_pending)
      .toBe(0);
    expect((await ask("get", { identityId: "ada" })).faces.length).toBe(1);
    expect((await blobs().list("gallery/")).length).toBe(1);
  });

  it("refuses a face that is one of several of its photo, and one of an identity that is gone", async () => {
    const several = await resultOf(await enrol({ enrolment: { candidates: 3 } }), "enrol");
    expect(several.outcome).toMatchObject({
      case: "failure",
      value: { code: "several_faces", message: expect.stringMatching(/^badge.jpg: The photo has 3 faces/) },
    });
    const gone = await resultOf(await enrol({ identityId: "gone", enrolment: { creates: false } }), "enrol");
    expect(gone.outcome).toMatchObject({ case: "failure", value: { code: "identity_not_found" } });
    expect(await blobs().list("gallery/")).toEqual([]);
  });

  it("adds a face without a portrait, where the photo was gone", async () => {
    const { identityId, faceId } = await enrolled({ portrait: undefined });
    expect(await blobs().get(galleryBlobKey(faceId))).toBeUndefined();
    const [face] = (await ask("get", { identityId })).faces;
    expect(face!.id).toBe(faceId);
    expect(face!.eyes).toBeUndefined();
  });

  it.each([
    ["a name of 10,000 characters", { name: "a".repeat(10_000) }, "invalid_name"],
    ["a name with control characters", { name: "Ada\u0007" }, "invalid_name"],
    ["no consent", { consent: " " }, "consent_required"],
    ["an embedding of a wrong size", { embedding: new Uint8Array(100) }, "invalid_embedding"],
    ["an embedding of another model", { model: "other@2.0.0" }, "model_mismatch"],
    ["an identity whose id is a path", { identityId: "../ada" }, "identity_not_found"],
    ["a portrait that is no JPEG", { portrait: { jpeg: Buffer.from("<svg/>") } }, "bad_request"],
    [
      "eyes beyond the portrait",
      { portrait: { jpeg: PORTRAIT, eyes: eyesAt(1, 2, 9_999, 3) } },
      "bad_request",
    ],
  ] as [string, Enrolling, string][])("refuses %s, and nothing is stored", async (_, bad, code) => {
    const { outcome } = await resultOf(await enrol(bad), "enrol");
    expect(outcome).toMatchObject({ case: "failure", value: { code, retryable: false } });
    expect(await ask("statistics", {})).toMatchObject({ identities: 0, faces: 0 });
    expect(await blobs().list("gallery/")).toEqual([]);
  });
});
