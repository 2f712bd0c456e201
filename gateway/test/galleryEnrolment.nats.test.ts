import { createHash } from "node:crypto";
import { ImageWorkSchema, fromBinary } from "@similarfaces/contracts";
import { jobBlobKey } from "@similarfaces/runtime";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EMBEDDING, PIXEL, answers, extracted, faceOf, postPixel } from "./meshFixture.js";
import { IDENTITY, playGallery, type PlayedGallery } from "./playedGallery.js";

describe("enrolling over HTTP", () => {
  let gallery: PlayedGallery;
  beforeAll(async () => {
    gallery = await playGallery();
  });
  afterAll(() => gallery?.mesh.stop());
  beforeEach(() => gallery.reset());

  it("enrols each photo of a form as a job of its own", async () => {
    const { status, body } = await gallery.call(
      "POST",
      "/identities",
      gallery.form({ name: "Ada", consent: "herself" }, 2),
    );
    expect(status).toBe(202);
    const photos = body["photos"] as { name: string; job: { jobId: string } }[];
    expect(photos.map(({ name }) => name)).toEqual(["../0.gif", "../1.gif"]);
    const work = fromBinary(
      ImageWorkSchema,
      await gallery.workOf(`sf.v2.work.${photos[1]!.job.jobId}.image`),
    );
    expect(work.stages).toEqual(["extract", "quality", "embed", "enrol"]);
    expect(work.options).toMatchObject({
      facesMax: 64,
      enrolment: {
        identityId: body["identityId"],
        name: "Ada",
        consent: "herself",
        source: "1.gif",
        photoDigest: createHash("sha256").update(PIXEL).digest("base64url"),
        creates: true,
        isNamesake: false,
        largest: false,
      },
    });
  });

  it("takes the largest face where that is asked for", async () => {
    const fields = { name: "Ada", consent: "herself", largest: "true" };
    const { body } = await gallery.call("POST", "/identities", gallery.form(fields));
    const [{ job }] = body["photos"] as [{ job: { jobId: string } }];
    const { options } = fromBinary(ImageWorkSchema, await gallery.workOf(`sf.v2.work.${job.jobId}.image`));
    expect(options).toMatchObject({ facesMax: 1, enrolment: { largest: true } });
    const wrong = await gallery.call("POST", "/identities", gallery.form({ ...fields, largest: "yes" }));
    expect(wrong).toMatchObject({ status: 400, body: { failure: { message: "largest is true or false" } } });
  });

  it("names the identity that has the name already, unless it is added to or somebody new is meant", async () => {
    gallery.reply = ({ case: operation }) =>
      operation === "named"
        ? { case: "named", value: { identities: [{ id: "someone", name: "Ada" }] } }
        : { case: "get", value: IDENTITY };
    const fields = { name: "ADA", consent: "herself" };
    expect(await gallery.call("POST", "/identities", gallery.form(fields))).toMatchObject({
      status: 409,
      body: { failure: { code: "identity_exists" }, identity: { id: "someone", name: "Ada" } },
    });
    const both = await gallery.call(
      "POST",
      "/identities",
      gallery.form({ ...fields, addTo: "someone", new: "true" }),
    );
    expect(both).toMatchObject({ status: 400, body: { failure: { code: "bad_request" } } });
    const somebodyNew = await gallery.call("POST", "/identities", gallery.form({ ...fields, new: "true" }));
    expect(somebodyNew.status).toBe(202);
    const added = await gallery.call("POST", "/identities", gallery.form({ addTo: "someone" }));
    expect(added).toMatchObject({ status: 202, body: { identityId: "someone" } });
    const [{ job }] = added.body["photos"] as [{ job: { jobId: string } }];
    const { options } = fromBinary(ImageWorkSchema, await gallery.workOf(`sf.v2.work.${job.jobId}.image`));
    expect(options!.enrolment).toMatchObject({ identityId: "someone", name: "Ada", creates: false });
  });

  it("takes all photos of a form or none", async () => {
    const before = (await gallery.mesh.broker.jsm.streams.info("SF_IMAGES")).state.last_seq;
    const data = gallery.form({ name: "Ada", consent: "herself" }, 2);
    data.append("photo", new Blob(["no photo"]), "notes.jpg");
    expect(await gallery.call("POST", "/identities", data)).toMatchObject({
      status: 415,
      body: {
        failure: { code: "unsupported_type", message: expect.stringMatching(/^notes.jpg: /) as string },
      },
    });
    const many = await gallery.call(
      "POST",
      "/identities",
      gallery.form({ name: "Ada", consent: "herself" }, 41),
    );
    expect(many).toMatchObject({ status: 400, body: { failure: { code: "bad_request" } } });
    const long = await gallery.call(
      "POST",
      "/identities",
      gallery.form({ name: "Ada", consent: "x".repeat(70_000) }),
    );
    expect(long).toMatchObject({ status: 400, body: { failure: { code: "bad_request" } } });
    expect((await gallery.mesh.broker.jsm.streams.info("SF_IMAGES")).state.last_seq).toBe(before);
  });

  it("keeps where a photo came from, in the enroller's words without control characters", async () => {
    const fields = { name: "Ada", consent: "herself", source: "Ada/1.jpg\u0000" };
    const { body } = await gallery.call("POST", "/identities", gallery.form(fields));
    const [
      {
        job: { jobId },
      },
    ] = body["photos"] as [{ job: { jobId: string } }];
    const { options } = fromBinary(ImageWorkSchema, await gallery.workOf(`sf.v2.work.${jobId}.image`));
    expect(options!.enrolment!.source).toBe("Ada/1.jpg");
  });

  it("takes a consent of several lines, as a form sends them", async () => {
    const { status, body } = await gallery.call(
      "POST",
      "/identities",
      gallery.form({ name: "Ada", consent: "herself\n\tby e-mail" }),
    );
    expect(status).toBe(202);
    const [
      {
        job: { jobId },
      },
    ] = body["photos"] as [{ job: { jobId: string } }];
    const { options } = fromBinary(ImageWorkSchema, await gallery.workOf(`sf.v2.work.${jobId}.image`));
    expect(options!.enrolment!.consent).toBe("herself\n\tby e-mail");
  });

  it("adds photos to an identity under its own name, with its consent where none is given", async () => {
    const { status, body } = await gallery.call("POST", "/identities/someone/faces", gallery.form({}));
    expect(status).toBe(202);
    expect(body["identityId"]).toBe("someone");
    const [
      {
        job: { jobId },
      },
    ] = body["photos"] as [{ job: { jobId: string } }];
    const { options } = fromBinary(ImageWorkSchema, await gallery.workOf(`sf.v2.work.${jobId}.image`));
    expect(options!.enrolment).toMatchObject({
      identityId: "someone",
      name: "Ada",
      consent: "herself, 2026",
    });
  });

  it("enrols a face of a finished job by what is stored of it: nothing but its portrait is left to extract", async () => {
    const { jobId } = await postPixel(gallery.mesh.url);
    await gallery.mesh.publish(extracted(jobId, 2));
    const photoDigest = "A".repeat(43);
    const question = { name: "Ada", consent: "herself", jobId, face: 1, photoDigest };
    expect((await gallery.call("POST", "/identities", question)).body).toMatchObject({
      failure: { code: "bad_request" },
    });
    await gallery.mesh.publish(answers(jobId, 1)[0]!);
    await expect.poll(async () => (await gallery.call("POST", "/identities", question)).status).toBe(202);
    const { body } = await gallery.call("POST", "/identities", question);
    const [{ job: enrolling }] = body["photos"] as [{ job: { jobId: string } }];
    const work = fromBinary(ImageWorkSchema, await gallery.workOf(`sf.v2.work.${enrolling.jobId}.image`));
    expect(work).toMatchObject({
      blobKey: jobBlobKey(jobId, "photo.jpg"),
      contentType: "image/jpeg",
      size: { width: 100, height: 100 },
      stages: ["extract", "quality", "enrol"],
      options: {
        facesMax: 1,
        enrolment: { name: "Ada", consent: "herself", source: "a face of an analysed photo", photoDigest },
      },
      chipSide: 112,
      knownFace: {
        face: { index: 1, box: faceOf(1).box, landmarks: faceOf(1).landmarks, score: 0.9 },
        others: [faceOf(0).box],
        model: "test@1",
        foundBy: "test@1",
        size: { width: 100, height: 100 },
      },
    });
    expect(work.knownFace!.face!.quality!.answers.map(({ name }) => name)).toEqual(["score"]);
    expect(Buffer.from(work.knownFace!.embedding).equals(Buffer.from(EMBEDDING))).toBe(true);
    await gallery.mesh.publish(extracted(enrolling.jobId, 1));
    await gallery.mesh.publish({
      jobId: enrolling.jobId,
      stage: "enrol",
      face: 0,
      outcome: { case: "enrol", value: { identityId: "x", faceId: "y", name: "Ada" } },
    });
    await expect
      .poll(
        async () =>
          (
            (await (await fetch(`${gallery.mesh.url}/v1/jobs/${enrolling.jobId}`)).json()) as {
              state: string;
            }
          ).state,
      )
      .toBe("complete");
    expect((await gallery.call("POST", "/identities", { ...question, face: 5 })).body).toMatchObject({
      failure: { code: "face_not_found" },
    });
  });

  it.each([
    [{ consent: "herself" }, "invalid_name"],
    [{ name: "Ada" }, "consent_required"],
    [{ name: "Ada\u0000", consent: "x" }, "invalid_name"],
    [{ name: "A".repeat(10_000), consent: "x" }, "invalid_name"],
    [{ name: "Ada", consent: "  " }, "consent_required"],
    [{ name: "\u202eadA", consent: "x" }, "invalid_name"],
    [{ name: "Ada", consent: "x\u0000" }, "bad_request"],
  ])("refuses to enrol %j", async (fields, code) => {
    expect((await gallery.call("POST", "/identities", gallery.form(fields))).body).toMatchObject({
      failure: { code },
    });
  });
});
