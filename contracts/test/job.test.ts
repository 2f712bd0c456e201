import { describe, expect, it } from "vitest";
import {
  DEADLINE_GRACE_MS,
  emptyJob,
  fieldOf,
  jobAt,
  reduceJob,
  viewOf,
  type JobState,
  type JobView,
  type ResultEvent,
} from "../src/job.js";
import type { StageName } from "../src/stages.js";

const JOB = "01j0000000aaaaaaaaaaaaaaaaaaaaaaaaaa";
const base = { jobId: JOB, model: "", attempt: 1 };
const size = { width: 800, height: 600 };
const failure = { code: "model_failed", message: "no", retryable: true };

function accepted(stages: StageName[]): ResultEvent {
  const times = { acceptedAtMs: 1_000, deadlineAtMs: 61_000, expiresAtMs: 601_000 };
  return {
    ...base,
    stage: "accepted",
    accepted: {
      stages,
      ...times,
      contentType: "image/jpeg",
      size,
      bytes: 9,
      facesMax: 64,
      chipSide: 112,
      facesPerMessage: 4,
    },
  };
}

function extracted(faces: number, facesOmitted = 0): ResultEvent {
  const point = { x: 1, y: 1 };
  const landmarks = { leftEye: point, rightEye: point, nose: point, leftMouth: point, rightMouth: point };
  const box = { x: 0, y: 0, width: 10, height: 10 };
  const list = Array.from({ length: faces }, (_, index) => ({
    index,
    box,
    landmarks,
    score: 0.9,
    skipped: false,
  }));
  return {
    ...base,
    stage: "extract",
    extract: { size, faces: list, facesOmitted, turned: 90, truncated: true },
  };
}

const age = (face: number): ResultEvent => ({
  ...base,
  stage: "age",
  face,
  analysis: {
    answers: [{ name: "age", measure: { value: 31, low: 25, high: 40, unit: "years", probabilities: [] } }],
  },
});
const embed = (face: number): ResultEvent => ({ ...base, stage: "embed", face, embed: { embedding: "" } });
const match = (face: number): ResultEvent => ({
  ...base,
  stage: "match",
  face,
  match: { matches: [], galleryFaces: 0, verdict: "no_close_match" },
});

const run = (...events: ResultEvent[]): JobState => events.reduce(reduceJob, emptyJob(JOB));

const statesOf = ({ extract, faces }: JobView) =>
  [extract, ...faces.flatMap(({ fields }) => Object.values(fields))].map(({ state }) => state);

describe("the job reducer", () => {
  it("is unknown until the gateway's acceptance is seen", () => {
    expect(run(extracted(1), age(0)).state).toBe("unknown");
  });

  it("is complete when every face has every field that was asked for", () => {
    const partly = run(
      accepted(["extract", "age", "embed", "match"]),
      extracted(2),
      age(0),
      age(1),
      embed(0),
      match(0),
    );
    expect(partly.state).toBe("running");
    expect(statesOf(partly).filter((state) => state === "pending")).toHaveLength(2);
    const whole = [embed(1), match(1)].reduce(reduceJob, partly);
    expect(whole.state).toBe("complete");
    expect(whole.faces[1]?.fields["gender"]).toBeUndefined();
  });

  it("comes to the same view in whatever order results arrive", () => {
    const events = [
      accepted(["extract", "age", "embed", "match"]),
      extracted(1, 3),
      age(0),
      embed(0),
      match(0),
    ];
    const expected = viewOf(run(...events));
    for (const order of permutations(events)) expect(viewOf(run(...order))).toEqual(expected);
  });

  it("returns the same object for a result it already has", () => {
    const job = run(accepted(["extract", "age"]), extracted(1), age(0));
    for (const again of [accepted(["extract", "age"]), extracted(1), age(0), age(7)]) {
      expect(reduceJob(job, again)).toBe(job);
    }
  });

  it("keeps the faces that a result is not about, so that nobody need look at them again", () => {
    const job = run(accepted(["extract", "age", "embed"]), extracted(3));
    const { faces } = reduceJob(job, age(1));
    expect(faces.map((face, at) => face === job.faces[at])).toEqual([true, false, true]);
  });

  it("never changes a field once known", () => {
    const job = run(accepted(["extract", "age"]), extracted(1), age(0), {
      ...base,
      stage: "age",
      face: 0,
      failure,
    });
    expect(job.faces[0]?.fields["age"]?.state).toBe("done");
  });

  it("keeps how the photo stands upright, and its boxes in the photo's own pixels", () => {
    const { extract, faces } = viewOf(run(accepted(["extract", "age"]), extracted(1), age(0)));
    expect(extract).toMatchObject({ state: "done", value: { size, turned: 90 } });
    expect(faces[0]!.box).toEqual({ x: 0, y: 0, width: 10, height: 10 });
  });

  it("completes at once where no face was found", () => {
    expect(run(accepted(["extract", "age"]), extracted(0)).state).toBe("complete");
  });

  it("completes with the failure where extract failed", () => {
    const job = run(accepted(["extract", "age"]), { ...base, stage: "extract", failure });
    expect(job.state).toBe("complete");
    expect(job.extract).toMatchObject({ state: "failed", failure: { code: "model_failed" } });
  });

  it("fails what waits for an embedding that failed, and nothing else", () => {
    const failed: ResultEvent = { ...base, stage: "embed", face: 0, failure };
    const job = run(accepted(["extract", "age", "embed", "match"]), extracted(1), failed);
    expect(job.faces[0]?.fields["match"]).toMatchObject({
      state: "failed",
      failure: { code: "source_failed" },
    });
    expect(job.faces[0]?.fields["age"]).toEqual({ state: "pending" });
  });

  it("takes what quality says from the faces of extract", () => {
    const quality = { answers: [{ name: "yaw", measure: { value: 3, unit: "degrees", probabilities: [] } }] };
    const event = extracted(1);
    event.extract!.faces[0]!.quality = quality;
    const job = run(accepted(["extract", "quality"]), { ...event, model: "m@1" });
    expect(job.state).toBe("complete");
    expect(job.faces[0]).not.toHaveProperty("quality");
    expect(fieldOf(job.faces[0]!, "quality")).toEqual({
      state: "done",
      value: quality,
      model: "m@1",
      attempt: 1,
    });
    expect(run(accepted(["extract"]), event).faces[0]?.fields).toEqual({});
  });

  it("skips the other stages of a face that is too small or too blurred", () => {
    const event = extracted(2);
    event.extract!.faces[1]!.skipped = true;
    const job = run(
      accepted(["extract", "age", "embed", "match"]),
      event,
      age(0),
      embed(0),
      match(0),
      age(1),
    );
    expect(job.state).toBe("complete");
    expect(Object.values(job.faces[1]!.fields)).toEqual(
      Array.from({ length: 3 }, () => ({ state: "skipped" })),
    );
  });

  it("knows an analyzer that it has never heard of", () => {
    const answer = { ...age(0), stage: "mask" };
    const job = run(accepted(["extract", "mask"]), extracted(1), answer);
    expect(fieldOf(job.faces[0]!, "mask")).toMatchObject({ state: "done", value: answer.analysis });
  });

  it("expires what is pending once the deadline and its grace are over", () => {
    const job = run(accepted(["extract", "age"]), extracted(1));
    expect(jobAt(job, 61_000)).toBe(job);
    const late = jobAt(job, 61_000 + DEADLINE_GRACE_MS);
    expect(late.state).toBe("complete");
    expect(late.faces[0]?.fields["age"]).toEqual({ state: "expired" });
  });

  it("forgets everything but the acceptance of a deleted job, and stays so", () => {
    const job = run(
      accepted(["extract", "age"]),
      extracted(1),
      { ...base, stage: "deleted", deleted: { deletedAtMs: 5 } },
      age(0),
    );
    expect(job).toMatchObject({ state: "deleted", deletedAtMs: 5, faces: [] });
  });
});

function permutations<T>(items: T[]): T[][] {
  if (items.length < 2) return [items];
  return items.flatMap((item, i) =>
    permutations(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]),
  );
}
