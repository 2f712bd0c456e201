import type { ResultEvent } from "@similarfaces/contracts";

const point = { x: 1, y: 1 };
const landmarks = { leftEye: point, rightEye: point, nose: point, leftMouth: point, rightMouth: point };

/** The results of a job that asked for extract and age, `faces` of them, in the order in which they are made. */
export function eventsOf(jobId: string, faces: number): ResultEvent[] {
  return [
    accepted(jobId),
    extract(jobId, faces),
    ...Array.from({ length: faces }, (_, face) => age(jobId, face)),
  ];
}

export function accepted(jobId: string, deadlineAtMs = Date.now() + 60_000): ResultEvent {
  const stages = ["extract", "age"];
  const acceptedAtMs = Date.now();
  const size = { width: 100, height: 100 };
  return {
    ...heading(jobId, "accepted"),
    accepted: {
      stages,
      acceptedAtMs,
      deadlineAtMs,
      expiresAtMs: acceptedAtMs + 600_000,
      contentType: "image/jpeg",
      size,
      bytes: 1,
      facesMax: 64,
      chipSide: 112,
      facesPerMessage: 4,
    },
  };
}

export function extract(jobId: string, count: number): ResultEvent {
  const faces = Array.from({ length: count }, (_, index) => ({
    index,
    box: { x: 0, y: 0, width: 10, height: 10 },
    landmarks,
    score: 0.9,
    skipped: false,
  }));
  return {
    ...heading(jobId, "extract"),
    extract: { size: { width: 100, height: 100 }, faces, facesOmitted: 0, turned: 0, truncated: false },
  };
}

export function age(jobId: string, face: number): ResultEvent {
  return {
    ...heading(jobId, "age"),
    face,
    analysis: { answers: [{ name: "age", measure: { value: 30, unit: "years", probabilities: [1] } }] },
  };
}

export function failed(jobId: string, code: string): ResultEvent {
  return { ...heading(jobId, "extract"), failure: { code, message: "no", retryable: false } };
}

function heading(jobId: string, stage: ResultEvent["stage"]) {
  return { jobId, stage, model: "test@1", attempt: 1 };
}
