import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromBinary, ImageWorkSchema } from "@similarfaces/contracts";
import type { EnrolmentOutcomes } from "@similarfaces/contracts/api";
import { PIXEL, answers, extracted, postPixel, startMesh, type Mesh } from "./meshFixture.js";

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh({ ENROLMENT_FLOOR: "0.4" });
});
afterAll(() => mesh?.stop());

async function enrol(
  body: FormData | string,
  prefer = "wait=20",
  url = mesh.url,
): Promise<EnrolmentOutcomes> {
  const headers = { prefer };
  const response = await fetch(`${url}/v1/gallery/identities`, { method: "POST", headers, body });
  expect(response.status).toBe(202);
  return (await response.json()) as EnrolmentOutcomes;
}

function form(names: readonly string[]): FormData {
  const data = new FormData();
  data.set("name", "Ada");
  data.set("consent", "herself");
  for (const name of names) data.append("photo", new Blob([PIXEL]), name);
  return data;
}

/** Plays extract for photos that are enrolled, by the name of each. @returns what ends it */
function playExtract(scores: Record<string, number>, faces = 1): () => void {
  const subscription = mesh.broker.nc.subscribe("sf.v2.work.*.image", {
    callback: (_, { data }) => {
      const { jobId, options } = fromBinary(ImageWorkSchema, data);
      const score = scores[options!.enrolment!.source];
      if (score !== undefined) void mesh.publish(extracted(jobId, faces, score));
    },
  });
  return () => subscription.unsubscribe();
}

const warnings = (photo: EnrolmentOutcomes["photos"][number]) => ("warnings" in photo ? photo.warnings : []);

describe("enrolling", () => {
  it("a face of poor quality is warned of, by its photo, and enrols all the same", async () => {
    const stop = playExtract({ "good.gif": 0.7, "poor.gif": 0.1 });
    const outcome = await enrol(form(["good.gif", "poor.gif"]));
    stop();
    const [good, poor] = outcome.photos;
    expect(warnings(good!)).toEqual([]);
    expect(warnings(poor!)).toEqual([
      {
        code: "low_quality",
        message: expect.stringContaining("too small or too blurred") as string,
        score: 0.1,
        floor: 0.4,
      },
    ]);
    expect(outcome.warnings).toMatchObject([{ photo: "poor.gif", code: "low_quality" }]);
    const { job } = poor as { job: { jobId: string } };
    await mesh.publish(answers(job.jobId, 0)[0]!);
    const enrolled = { case: "enrol" as const, value: { identityId: "x", faceId: "y", name: "Ada" } };
    await mesh.publish({ jobId: job.jobId, stage: "enrol", face: 0, outcome: enrolled });
    await expect
      .poll(async () => await (await fetch(`${mesh.url}/v1/jobs/${job.jobId}`)).json())
      .toMatchObject({ state: "complete", faces: [{ fields: { enrol: { state: "done" } } }] });
  });

  it("is answered without a warning where extract takes longer than is waited for", async () => {
    const outcome = await enrol(form(["slow.gif"]), "wait=1");
    expect(outcome.photos).toMatchObject([{ name: "slow.gif", warnings: [] }]);
    expect(outcome.warnings).toEqual([]);
  });

  it("is answered at once where nobody says how good a face is, and the largest is meant", async () => {
    const { url } = await mesh.another({ STAGES: "extract,embed,enrol" });
    const data = form(["any.gif"]);
    data.set("largest", "true");
    const outcome = await enrol(data, "wait=60", url);
    expect(outcome.photos).toMatchObject([{ name: "any.gif", warnings: [] }]);
  });

  it("says of a photo with several faces how many, and how one is enrolled; not where the largest is meant", async () => {
    const stop = playExtract({ "three.gif": 0.7 }, 3);
    const { photos } = await enrol(form(["three.gif"]));
    const [{ job }] = photos as unknown as [{ job: { jobId: string } }];
    expect(warnings(photos[0]!)).toEqual([
      {
        code: "several_faces",
        message: expect.stringMatching(
          new RegExp(`^three.gif: The photo has 3 faces. .*"jobId": "${job.jobId}", "face": 0..2`),
        ) as string,
        faces: 3,
      },
    ]);
    const largest = form(["three.gif"]);
    largest.set("largest", "true");
    expect((await enrol(largest)).warnings).toEqual([]);
    stop();
  });

  it("a face of a job brings its quality along, and the warning", async () => {
    const { jobId } = await postPixel(mesh.url);
    await mesh.publish(extracted(jobId, 1, 0.2));
    await mesh.publish(answers(jobId, 0)[0]!);
    const read = async (id: string) => await (await fetch(`${mesh.url}/v1/jobs/${id}`)).json();
    await expect
      .poll(() => read(jobId))
      .toMatchObject({ faces: [{ fields: { embed: { state: "done" }, quality: { state: "done" } } }] });
    const stop = playExtract({ "a face of an analysed photo": 0.2 });
    const outcome = await enrol(JSON.stringify({ name: "Ada", consent: "herself", jobId, face: 0 }));
    expect(outcome.photos).toMatchObject([{ name: "", warnings: [{ code: "low_quality", score: 0.2 }] }]);
    const { job } = outcome.photos[0] as { job: { jobId: string } };
    await expect
      .poll(() => read(job.jobId))
      .toMatchObject({
        accepted: { stages: ["extract", "quality", "enrol"] },
        faces: [{ fields: { quality: { state: "done" }, enrol: { state: "pending" } } }],
      });
    stop();
  });

  it("a face of a job that was skipped is refused in words: there is no embedding of it", async () => {
    const { jobId } = await postPixel(mesh.url);
    const result = extracted(jobId, 1, 0.1);
    const { value } = result.outcome as { value: { faces: { skipped?: boolean }[] } };
    value.faces[0]!.skipped = true;
    await mesh.publish(result);
    const body = JSON.stringify({ name: "Ada", consent: "herself", jobId, face: 0 });
    const refused = async () =>
      (await fetch(`${mesh.url}/v1/gallery/identities`, { method: "POST", body })).json();
    await expect.poll(refused).toMatchObject({
      failure: { code: "bad_request", message: expect.stringContaining("better photo") as string },
    });
  });
});
