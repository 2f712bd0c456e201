import { describe, expect, it } from "vitest";
import {
  CORE_STAGES,
  PROBE_STREAM,
  consumer,
  consumers,
  deletionConsumer,
  deletionSubject,
  embeddingWorkSubject,
  enrolWorkSubject,
  faceWorkSubject,
  hasConsumer,
  imageWorkSubject,
  isJobId,
  jobAcceptedAtMs,
  newJobId,
  parseResultSubject,
  parseWorkSubject,
  refusalOfAnalyzer,
  resultMessageId,
  resultSubject,
  streams,
  workMessageId,
} from "../src/mod.js";

const JOB = newJobId(1_795_000_000_000);

/** Whether a subject is one that a pattern with `*` and a final `>` stands for, by the broker's rules. */
function covers(pattern: string, subject: string): boolean {
  const wanted = pattern.split(".");
  const tokens = subject.split(".");
  if (wanted.at(-1) === ">")
    return (
      tokens.length >= wanted.length &&
      covers(wanted.slice(0, -1).join("."), tokens.slice(0, wanted.length - 1).join("."))
    );
  return wanted.length === tokens.length && wanted.every((token, i) => token === "*" || token === tokens[i]);
}

describe("job ids", () => {
  it("tell when the job was accepted, and sort by it", () => {
    expect(jobAcceptedAtMs(newJobId(1_795_000_000_123))).toBe(1_795_000_000_123);
    const ids = [3, 1, 2].map((n) => newJobId(1_795_000_000_000 + n));
    expect([...ids].sort().map(jobAcceptedAtMs)).toEqual([1, 2, 3].map((n) => 1_795_000_000_000 + n));
  });

  it("hold all 128 random bits", () => {
    const zeros = newJobId(1, new Uint8Array(16));
    for (let bit = 0; bit < 128; bit++) {
      const random = new Uint8Array(16);
      random[bit >> 3] = 1 << (bit & 7);
      expect(newJobId(1, random)).not.toBe(zeros);
    }
  });

  it("are told from other text", () => {
    expect(isJobId(JOB)).toBe(true);
    for (const text of [
      "",
      "a.b",
      `${JOB}a`,
      JOB.slice(1),
      JOB.toUpperCase(),
      JOB.replace(/.$/, "*"),
      JOB.replace(/.$/, "u"),
    ]) {
      expect(isJobId(text)).toBe(false);
    }
  });
});

describe("subjects", () => {
  it("are parsed back to what they were built from", () => {
    expect(parseWorkSubject(imageWorkSubject(JOB))).toEqual({ jobId: JOB, kind: "image" });
    expect(parseWorkSubject(faceWorkSubject(JOB, 63))).toEqual({ jobId: JOB, kind: "face", face: 63 });
    expect(parseWorkSubject(embeddingWorkSubject(JOB, 0))).toEqual({
      jobId: JOB,
      kind: "embedding",
      face: 0,
    });
    expect(parseResultSubject(resultSubject(JOB, "accepted"))).toEqual({ jobId: JOB, stage: "accepted" });
    for (const stage of ["embed", "match", "enrol", "age", "mask-2"]) {
      const live = resultSubject(JOB, stage, 2).replace("result", "live");
      expect(parseResultSubject(live)).toEqual({ jobId: JOB, stage, group: 2 });
      expect(parseResultSubject(resultSubject(JOB, stage, 4, 6))).toEqual({
        jobId: JOB,
        stage,
        group: 4,
        face: 6,
      });
    }
  });

  it("that are none of ours are refused", () => {
    for (const subject of [
      `sf.v2.work.${JOB}`,
      `sf.v2.work.${JOB}.image.1`,
      `sf.v2.work.${JOB}.face`,
      `sf.v2.result.${JOB}.age`,
      `sf.v2.result.${JOB}.extract.1`,
      `sf.v2.result.${JOB}.age.1.2.3`,
      `sf.v2.result.${JOB}.no_name.1`,
      `sf.v2.result.${JOB}.analysis.1`,
      `sf.v1.result.${JOB}.age.1`,
    ]) {
      expect(parseWorkSubject(subject) ?? parseResultSubject(subject)).toBeUndefined();
    }
  });
});

describe("message ids", () => {
  it("are of their own for a job, a group, and a face of a split group", () => {
    expect(workMessageId(JOB, "image")).toBe(`${JOB}.image`);
    expect(workMessageId(JOB, "embedding", 4)).toBe(`${JOB}.embedding.4`);
    expect(workMessageId(JOB, "embedding", 4, 6)).toBe(`${JOB}.embedding.4.6`);
    expect(resultMessageId(JOB, "extract")).toBe(`${JOB}.result.extract`);
    expect(resultMessageId(JOB, "age", 4)).toBe(`${JOB}.result.age.4`);
    expect(resultMessageId(JOB, "age", 4, 6)).toBe(`${JOB}.result.age.4.6`);
  });
});

describe("the name of an analyzer", () => {
  it.each(["age", "mask", "emotion-copy", "v2"])("may be %s", (name) => {
    expect(refusalOfAnalyzer(name)).toBeUndefined();
  });

  it.each([
    "accepted",
    "complete",
    "deleted",
    "deletion",
    "failure",
    "extract",
    "quality",
    "enrol",
    "open",
    "error",
    "nats-server",
    "constructor",
  ])("is not %s, which means something else", (name) => {
    expect(refusalOfAnalyzer(name)).toContain(`"${name}" is a name of the system itself`);
  });

  it.each(["", "Mask", "a.b", "a_b", "-a", "a-", "a--b", "9a", "é", "a".repeat(33)])(
    "is not %j, which no subject or Kubernetes name can be",
    (name) => {
      expect(refusalOfAnalyzer(name)).toContain("no name of an analyzer");
    },
  );
});

describe("streams and consumers", () => {
  const specs = streams({ replicas: 1, jobTtlMs: 600_000 });

  it("store every subject exactly once", () => {
    const subjects = [
      imageWorkSubject(JOB),
      faceWorkSubject(JOB, 1),
      embeddingWorkSubject(JOB, 1),
      enrolWorkSubject(JOB, 1),
      resultSubject(JOB, "extract"),
      resultSubject(JOB, "age", 1),
      resultSubject(JOB, "age", 4, 6),
      deletionSubject(JOB),
    ];
    for (const subject of subjects) {
      expect(specs.filter((spec) => spec.subjects.some((pattern) => covers(pattern, subject)))).toHaveLength(
        1,
      );
    }
  });

  it("give every consumer a subject of its stream, and no message of it to two stages that do different work", () => {
    for (const consumer of [...consumers(), deletionConsumer()]) {
      const stream = specs.find((spec) => spec.name === consumer.stream);
      expect(stream?.subjects).toContain(consumer.filter_subject);
    }
    const match = consumers(["match"])[0]!;
    expect(covers(match.filter_subject, enrolWorkSubject(JOB, 0))).toBe(false);
  });

  it("exist for what has work of its own", () => {
    expect(consumers().map(({ durable_name }) => durable_name)).toEqual(CORE_STAGES.filter(hasConsumer));
    expect(consumer("mask")).toMatchObject({
      stream: "SF_FACES",
      durable_name: "mask",
      filter_subject: "sf.v2.work.*.face.*",
    });
    expect(() => consumer("quality")).toThrow(TypeError);
  });

  it("are roomier the later the stage", () => {
    const ofStages = specs.filter(({ name }) => name !== PROBE_STREAM);
    const sizes = ofStages.map((spec) => spec.max_bytes);
    expect([...sizes].sort((a, b) => a - b)).toEqual(sizes);
  });
});
