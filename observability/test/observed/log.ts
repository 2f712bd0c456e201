import { describe, expect, it } from "vitest";
import { WAIT, type ObservedMesh } from "../observedMesh.js";

/** One line per job and per failure. */
export function testLog(observed: () => ObservedMesh): void {
  describe("the log", () => {
    const lines = () =>
      observed()
        .mesh.output()
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as Record<string, unknown>);

    it("has one line per job, with its outcome, its id and its trace's", async () => {
      const { traced, failed } = observed();
      const endsOf = (jobId: string) =>
        lines().filter((line) => line["msg"] === "job ended" && line["jobId"] === jobId);
      await expect.poll(() => endsOf(traced.job.jobId), WAIT).toHaveLength(1);
      expect(endsOf(traced.job.jobId)[0]).toMatchObject({ traceId: traced.traceId, outcome: "complete" });
      expect(endsOf(failed.job.jobId)).toHaveLength(1);
      expect(endsOf(failed.job.jobId)[0]).toMatchObject({ traceId: failed.traceId, outcome: "failed" });
      const ids = lines()
        .filter(({ msg }) => msg === "job ended")
        .map(({ jobId }) => jobId);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.length).toBeGreaterThan(observed().load.outcomes.complete);
    });

    it("has one line per failure, with its code and both ids", () => {
      const { traceId, job } = observed().failed;
      const failures = lines().filter((line) => line["jobId"] === job.jobId && line["msg"] === "failed");
      expect(failures).toHaveLength(1);
      expect(failures[0]).toMatchObject({ traceId, stage: "extract", attempt: 1 });
      expect(failures[0]!["code"]).toBe(job.extract.state === "failed" ? job.extract.failure.code : "none");
      const refused = lines().filter(({ msg }) => msg === "a request was refused");
      expect(refused).toContainEqual(
        expect.objectContaining({ route: "/v1/jobs", code: "unsupported_type" }),
      );
    });
  });
}
