import { describe, expect, it } from "vitest";
import {
  CHIP_SIDE,
  EmbeddingWorkSchema,
  FaceWorkSchema,
  ResultSchema,
  StageFailure,
  chipBytes,
  create,
  embeddingFromBytes,
  embeddingToBytes,
  emptyJob,
  fromBinary,
  newJobId,
  reduceJob,
  resultFromJson,
  resultToJson,
  resultsOf,
  toBinary,
} from "../src/mod.js";

describe("messages", () => {
  it("keep their bytes: a golden result of version 2", () => {
    const result = create(ResultSchema, {
      jobId: "j",
      stage: "age",
      face: 0,
      timings: { queuedAtMs: 1, startedAtMs: 2, finishedAtMs: 3 },
      model: "m",
      attempt: 1,
      outcome: { case: "failure", value: { code: "internal", message: "x", retryable: true } },
    });
    // Field numbers are the contract: written down by hand from result.proto (tag = number << 3 | wire type).
    const golden =
      "0a016a" +
      "1203616765" +
      "1800" +
      "221b" +
      "09000000000000f03f" +
      "110000000000000040" +
      "190000000000000840" +
      "2a016d" +
      "3001" +
      "a2010f" +
      "0a08696e7465726e616c" +
      "120178" +
      "1801";
    expect(Buffer.from(toBinary(ResultSchema, result)).toString("hex")).toBe(golden);
    expect(fromBinary(ResultSchema, Buffer.from(golden, "hex"))).toEqual(result);
  });

  it("of a group keep their bytes: one result with others, or a split in their place", () => {
    const ofFace = { jobId: "j", stage: "age", attempt: 1 };
    const group = create(ResultSchema, { ...ofFace, face: 4, others: [{ ...ofFace, face: 6 }] });
    const other = "0a016a120361676518063001";
    const first = "0a016a120361676518043001";
    expect(Buffer.from(toBinary(ResultSchema, group)).toString("hex")).toBe(`${first}f2010c${other}`);
    expect(resultsOf(group).map(({ face }) => face)).toEqual([4, 6]);
    expect(resultToJson(group)).not.toHaveProperty("others");

    const split = create(ResultSchema, { ...ofFace, face: 4, outcome: { case: "split", value: {} } });
    expect(Buffer.from(toBinary(ResultSchema, split)).toString("hex")).toBe(`${first}8a0100`);
    expect(resultsOf(split)).toEqual([]);
  });

  it("carry a chip and an embedding unchanged", () => {
    const chip = Uint8Array.from({ length: chipBytes(CHIP_SIDE) }, (_, i) => i % 251);
    expect(chip).toHaveLength(37_632);
    const faces = [{ face: 2, chip }];
    const message = create(FaceWorkSchema, { chipSide: CHIP_SIDE, faces });
    const sent = fromBinary(FaceWorkSchema, toBinary(FaceWorkSchema, message));
    expect(sent.faces.map((face) => face.chip)).toEqual([chip]);
    const embedding = new Float32Array(512).fill(1 / Math.sqrt(512));
    const work = create(EmbeddingWorkSchema, { probes: [{ embedding: embeddingToBytes(embedding) }] });
    const [probe] = fromBinary(EmbeddingWorkSchema, toBinary(EmbeddingWorkSchema, work)).probes;
    expect(embeddingFromBytes(probe!.embedding)).toEqual(embedding);
  });

  it("write default values out in JSON, so that face 0 appears", () => {
    const answers = [{ name: "age", kind: { case: "measure", value: {} } as const }];
    const outcome = { case: "analysis", value: { answers } } as const;
    const json = resultToJson(create(ResultSchema, { jobId: "j", stage: "age", face: 0, outcome }));
    expect(json).toMatchObject({
      face: 0,
      model: "",
      attempt: 0,
      analysis: { answers: [{ name: "age", measure: { value: 0, unit: "", probabilities: [] } }] },
    });
    expect(json.analysis?.answers[0]?.measure).not.toHaveProperty("low");
    expect(resultToJson(resultFromJson(json))).toEqual(json);
  });

  it("in JSON are what the reducer reads", () => {
    const jobId = newJobId(1);
    const accepted = create(ResultSchema, {
      jobId,
      stage: "accepted",
      outcome: {
        case: "accepted",
        value: { stages: ["extract"], deadlineAtMs: 9, size: { width: 1, height: 1 } },
      },
    });
    const extract = create(ResultSchema, {
      jobId,
      stage: "extract",
      outcome: { case: "extract", value: { size: { width: 1, height: 1 }, faces: [{ index: 0 }] } },
    });
    const job = [accepted, extract].map(resultToJson).reduce(reduceJob, emptyJob(jobId));
    expect(job.state).toBe("complete");
    expect(job.faces).toHaveLength(1);
  });
});

describe("an embedding", () => {
  const unit = new Float32Array(512);
  unit[0] = 1;

  it.each([
    ["of the wrong size", new Uint8Array(2_047)],
    ["with NaN", embeddingToBytes(Float32Array.from(unit, (v, i) => (i === 1 ? NaN : v)))],
    ["with an infinity", embeddingToBytes(Float32Array.from(unit, (v, i) => (i === 1 ? Infinity : v)))],
    ["of the wrong length", embeddingToBytes(unit.map((v) => v * 2))],
  ])("%s is refused", (_, bytes) => {
    expect(() => embeddingFromBytes(bytes)).toThrowError(StageFailure);
  });
});
