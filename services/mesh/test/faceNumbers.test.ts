import { describe, expect, it } from "vitest";
import { emptyJob, reduceJob, type AcceptedJson, type ResultEvent } from "@similarfaces/contracts";
import { describeEvent } from "../src/commands/describe.js";
import { FaceTable } from "../src/commands/faceTable.js";

const point = { x: 1, y: 1 };
const landmarks = { leftEye: point, rightEye: point, nose: point, leftMouth: point, rightMouth: point };
/** The largest face, index 0, stands on the right. */
const faces = [600, 100].map((x, index) => ({
  index,
  box: { x, y: 100, width: 200 - index * 20, height: 200 - index * 20 },
  landmarks,
  score: 0.9,
  skipped: index === 1,
}));
const event = (own: Partial<ResultEvent>): ResultEvent => ({
  jobId: "j",
  model: "",
  attempt: 1,
  stage: "",
  ...own,
});
const accepted: AcceptedJson = {
  stages: ["extract", "age"],
  acceptedAtMs: 0,
  deadlineAtMs: 60_000,
  expiresAtMs: 600_000,
  contentType: "image/jpeg",
  size: { width: 900, height: 400 },
  bytes: 1,
  facesMax: 64,
  chipSide: 112,
  facesPerMessage: 4,
};
const extracted = event({
  stage: "extract",
  extract: { size: accepted.size, faces, facesOmitted: 0, turned: 0, truncated: false },
});
const job = [event({ stage: "accepted", accepted }), extracted].reduce(reduceJob, emptyJob("j"));

describe("a face's number", () => {
  it("is its place on the photo, from 1, in what is printed", () => {
    const printed = describeEvent("a.jpg", extracted, job, []);
    expect(printed[0]).toContain("2 faces [100,100 180x180 0.90] [600,100 200x200 0.90]");
    expect(printed[1]).toMatch(/ face 1 .*too small or blurred to say$/);
    const age = event({
      stage: "age",
      face: 0,
      failure: { code: "internal", message: "no", retryable: false },
    });
    expect(describeEvent("a.jpg", age, job, [])[0]).toMatch(/ face 2 .*no \(internal\)$/);
  });

  it("and in the table, whose rows are in its order", () => {
    const table = new FaceTable();
    table.add("a.jpg", job, undefined);
    const rows = table.text().split("\r\n");
    expect(rows[1]).toMatch(/^a\.jpg,1,100,100,/);
    expect(rows[2]).toMatch(/^a\.jpg,2,600,100,/);
  });
});
