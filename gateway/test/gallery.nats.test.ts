import {
  EnrolWorkSchema,
  GALLERY_QUEUE,
  GalleryReplySchema,
  GalleryRequestSchema,
  ImageWorkSchema,
  create,
  fromBinary,
  fromJson,
  ExportedFaceSchema,
  toBinary,
  type GalleryReply,
  type GalleryRequest,
  type MessageInitShape,
} from "@similarfaces/contracts";
import { galleryBlobKey, jobBlobKey } from "@similarfaces/runtime";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  EMBEDDING,
  PIXEL,
  answers,
  extracted,
  postPixel,
  sheetOf,
  startMesh,
  type Mesh,
} from "./meshFixture.js";

const IDENTITY = { id: "someone", name: "Ada", consent: "herself, 2026", createdAtMs: 1, faces: [] };

/** Match is played by the test: a queue group on the same subjects, which keeps what it was asked. */
describe("the gallery over HTTP", () => {
  let mesh: Mesh;
  let asked: GalleryRequest["operation"][] = [];
  let reply: (operation: GalleryRequest["operation"]) => MessageInitShape<typeof GalleryReplySchema>["reply"];
  beforeAll(async () => {
    mesh = await startMesh();
    mesh.broker.nc.subscribe("sf.v2.gallery.*", {
      queue: GALLERY_QUEUE,
      callback: (_, message) => {
        const { operation } = fromBinary(GalleryRequestSchema, message.data);
        asked.push(operation);
        const answer = reply(operation);
        message.respond(
          toBinary(GalleryReplySchema, create(GalleryReplySchema, answer ? { reply: answer } : {})),
        );
      },
    });
  });
  afterAll(() => mesh?.stop());
  beforeEach(() => {
    asked = [];
    reply = ({ case: operation }) => (operation === "get" ? { case: "get", value: IDENTITY } : undefined);
  });

  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${mesh.url}/v1/gallery${path}`, {
      method,
      // No extract answers here.
      headers: { prefer: "wait=0" },
      ...(body === undefined
        ? {}
        : { body: body instanceof FormData || typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const form = (fields: Record<string, string>, photos = 1) => {
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) data.set(name, value);
    for (let i = 0; i < photos; i++) data.append("photo", new Blob([PIXEL]), `../${i}.gif`);
    return data;
  };
  const workOf = async (subject: string) => {
    const message = await mesh.broker.jsm.streams.getMessage(
      subject.endsWith("image") ? "SF_IMAGES" : "SF_EMBEDDINGS",
      {
        last_by_subj: subject,
      },
    );
    return message!.data;
  };

  it("lists by name and page", async () => {
    reply = () => ({ case: "list", value: { identities: [IDENTITY], nextPageToken: "next", total: 9 } });
    const { status, body } = await call("GET", "/identities?name=ad&pageSize=7&pageToken=here");
    expect(status).toBe(200);
    expect(body).toEqual({ identities: [IDENTITY], nextPageToken: "next", total: 9 });
    expect(asked[0]!.value).toMatchObject({ nameContains: "ad", pageSize: 7, pageToken: "here" });
    expect((await call("GET", "/identities?pageSize=201")).body).toMatchObject({
      failure: { code: "bad_request" },
    });
  });

  it("gives, renames, merges and deletes", async () => {
    reply = ({ case: operation }) => {
      if (operation === "rename" || operation === "merge" || operation === "get")
        return { case: operation, value: IDENTITY };
      return { case: operation as "deleteFace", value: { identities: 0, faces: 2, thumbnails: 1 } };
    };
    expect(await call("GET", "/identities/someone")).toEqual({ status: 200, body: IDENTITY });
    expect(await call("PATCH", "/identities/someone", { name: "Ada L." })).toEqual({
      status: 200,
      body: IDENTITY,
    });
    expect(await call("POST", "/identities/someone/merge", { into: "other" })).toEqual({
      status: 200,
      body: IDENTITY,
    });
    const receipt = { status: 200, body: { identities: 0, faces: 2, thumbnails: 1 } };
    expect(await call("DELETE", "/identities/someone")).toEqual(receipt);
    expect(await call("DELETE", "/faces/face-1")).toEqual(receipt);
    expect(asked.map(({ case: operation }) => operation)).toEqual([
      "get",
      "rename",
      "merge",
      "deleteIdentity",
      "deleteFace",
    ]);
    expect(asked[2]!.value).toMatchObject({ fromIdentityId: "someone", intoIdentityId: "other" });
  });

  it("hands on what the gallery refuses", async () => {
    reply = () => ({
      case: "failure",
      value: { code: "identity_not_found", message: "No such.", retryable: false },
    });
    expect(await call("GET", "/identities/nobody")).toEqual({
      status: 404,
      body: { failure: { code: "identity_not_found", message: "No such.", retryable: false } },
    });
  });

  it("says so when nobody answers", async () => {
    const lonely = await startMesh();
    try {
      const response = await fetch(`${lonely.url}/v1/gallery/statistics`);
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({
        failure: { code: "gallery_unavailable", retryable: true },
      });
    } finally {
      await lonely.stop();
    }
  });

  it("searches by an embedding", async () => {
    reply = () => ({ case: "search", value: { matches: [], galleryFaces: 3, verdict: "no_close_match" } });
    const embedding = Buffer.from(EMBEDDING).toString("base64");
    expect(await call("POST", "/search", { embedding, model: "m@1", count: 2, minLikelihood: 0.5 })).toEqual({
      status: 200,
      body: { matches: [], galleryFaces: 3, verdict: "no_close_match" },
    });
    const question = asked[0]!.value as { embedding: Uint8Array };
    expect(Buffer.from(question.embedding).equals(Buffer.from(EMBEDDING))).toBe(true);
    for (const wrong of [
      { model: "m@1" },
      { embedding, model: "m@1", count: 0 },
      { embedding, model: "m@1", minLikelihood: 2 },
    ]) {
      expect((await call("POST", "/search", wrong)).status).toBe(400);
    }
    expect((await call("POST", "/search", "no json")).status).toBe(400);
  });

  it("enrols each photo of a form as a job of its own", async () => {
    const { status, body } = await call("POST", "/identities", form({ name: "Ada", consent: "herself" }, 2));
    expect(status).toBe(202);
    const photos = body["photos"] as { name: string; job: { jobId: string } }[];
    expect(photos.map(({ name }) => name)).toEqual(["../0.gif", "../1.gif"]);
    const work = fromBinary(ImageWorkSchema, await workOf(`sf.v2.work.${photos[1]!.job.jobId}.image`));
    expect(work.stages).toEqual(["extract", "quality", "embed", "enrol"]);
    expect(work.options).toMatchObject({
      facesMax: 1,
      enrolment: { identityId: body["identityId"], name: "Ada", consent: "herself", source: "1.gif" },
    });
  });

  it("takes all photos of a form or none", async () => {
    const before = (await mesh.broker.jsm.streams.info("SF_IMAGES")).state.last_seq;
    const data = form({ name: "Ada", consent: "herself" }, 2);
    data.append("photo", new Blob(["no photo"]), "notes.jpg");
    expect(await call("POST", "/identities", data)).toMatchObject({
      status: 415,
      body: { failure: { code: "unsupported_type" } },
    });
    const many = await call("POST", "/identities", form({ name: "Ada", consent: "herself" }, 41));
    expect(many).toMatchObject({ status: 400, body: { failure: { code: "bad_request" } } });
    const long = await call("POST", "/identities", form({ name: "Ada", consent: "x".repeat(70_000) }));
    expect(long).toMatchObject({ status: 400, body: { failure: { code: "bad_request" } } });
    expect((await mesh.broker.jsm.streams.info("SF_IMAGES")).state.last_seq).toBe(before);
  });

  it("keeps where a photo came from, in the enroller's words without control characters", async () => {
    const fields = { name: "Ada", consent: "herself", source: "Ada/1.jpg\u0000" };
    const { body } = await call("POST", "/identities", form(fields));
    const [
      {
        job: { jobId },
      },
    ] = body["photos"] as [{ job: { jobId: string } }];
    const { options } = fromBinary(ImageWorkSchema, await workOf(`sf.v2.work.${jobId}.image`));
    expect(options!.enrolment!.source).toBe("Ada/1.jpg");
  });

  it("takes a consent of several lines, as a form sends them", async () => {
    const { status, body } = await call(
      "POST",
      "/identities",
      form({ name: "Ada", consent: "herself\n\tby e-mail" }),
    );
    expect(status).toBe(202);
    const [
      {
        job: { jobId },
      },
    ] = body["photos"] as [{ job: { jobId: string } }];
    const { options } = fromBinary(ImageWorkSchema, await workOf(`sf.v2.work.${jobId}.image`));
    expect(options!.enrolment!.consent).toBe("herself\n\tby e-mail");
  });

  it("adds photos to an identity under its own name, with its consent where none is given", async () => {
    const { status, body } = await call("POST", "/identities/someone/faces", form({}));
    expect(status).toBe(202);
    expect(body["identityId"]).toBe("someone");
    const [
      {
        job: { jobId },
      },
    ] = body["photos"] as [{ job: { jobId: string } }];
    const { options } = fromBinary(ImageWorkSchema, await workOf(`sf.v2.work.${jobId}.image`));
    expect(options!.enrolment).toMatchObject({
      identityId: "someone",
      name: "Ada",
      consent: "herself, 2026",
    });
  });

  it("enrols a face of a finished job by what is stored of it", async () => {
    const { jobId } = await postPixel(mesh.url);
    await mesh.publish(extracted(jobId, 2));
    await mesh.blobs.put(jobBlobKey(jobId, "faces.jpg"), await sheetOf([200, 40]), "image/jpeg");
    const question = { name: "Ada", consent: "herself", jobId, face: 1 };
    expect((await call("POST", "/identities", question)).body).toMatchObject({
      failure: { code: "bad_request" },
    });
    await mesh.publish(answers(jobId, 1)[0]!);
    await expect.poll(async () => (await call("POST", "/identities", question)).status).toBe(202);
    const { body } = await call("POST", "/identities", question);
    const [{ job: enrolling }] = body["photos"] as [{ job: { jobId: string } }];
    const work = fromBinary(EnrolWorkSchema, await workOf(`sf.v2.work.${enrolling.jobId}.enrol.0`));
    expect(work).toMatchObject({ face: 0, model: "test@1", enrolment: { name: "Ada", consent: "herself" } });
    expect(Buffer.from(work.embedding).equals(Buffer.from(EMBEDDING))).toBe(true);
    const portrait = sharp(work.portrait.value as Uint8Array);
    expect(await portrait.metadata()).toMatchObject({ format: "jpeg", width: 144, height: 144 });
    expect((await portrait.stats()).channels[0]).toMatchObject({ min: 40, max: 40 });
    await mesh.publish({
      jobId: enrolling.jobId,
      stage: "enrol",
      face: 0,
      outcome: { case: "enrol", value: { identityId: "x", faceId: "y", name: "Ada" } },
    });
    await expect
      .poll(
        async () =>
          ((await (await fetch(`${mesh.url}/v1/jobs/${enrolling.jobId}`)).json()) as { state: string }).state,
      )
      .toBe("complete");
    expect((await call("POST", "/identities", { ...question, face: 5 })).body).toMatchObject({
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
    expect((await call("POST", "/identities", form(fields))).body).toMatchObject({ failure: { code } });
  });

  it("serves portraits, and says when they are unchanged", async () => {
    await mesh.blobs.put(galleryBlobKey("face-1"), Buffer.from([1, 2]), "image/jpeg");
    let present = true;
    reply = () => ({ case: "hasFace", value: { present } });
    const address = `${mesh.url}/v1/gallery/faces/face-1.jpg`;
    const first = await fetch(address);
    expect([...new Uint8Array(await first.arrayBuffer())]).toEqual([1, 2]);
    const again = await fetch(address, { headers: { "if-none-match": first.headers.get("etag")! } });
    expect(again.status).toBe(304);
    // The picture is still there, as an enrolment that failed may leave it.
    present = false;
    const gone = await fetch(address, { headers: { "if-none-match": first.headers.get("etag")! } });
    expect(gone.status).toBe(404);
    expect(await gone.json()).toMatchObject({ failure: { code: "face_not_found" } });
    reply = () => undefined;
    expect((await fetch(address)).status).toBe(503);
    asked = [];
    expect((await fetch(`${mesh.url}/v1/gallery/faces/none.jpg`)).status).toBe(404);
    expect(asked).toEqual([]);
    expect((await fetch(`${mesh.url}/v1/gallery/faces/..%2F..%2Fx.jpg`)).status).toBe(404);
  });

  it("exports page by page, and imports the same", async () => {
    const faces = Array.from({ length: 5 }, (_, i) => ({
      identityId: "someone",
      name: "Ada",
      consent: "herself",
      face: { id: `face-${i}`, model: "m@1", createdAtMs: 1, sourceJobId: "", source: "" },
      embedding: EMBEDDING,
      thumbnail: new Uint8Array([0xff, 0xd8, 0xff]),
    }));
    reply = (operation) => {
      if (operation.case === "import") {
        return {
          case: "import",
          value: { identities: 0, faces: operation.value.faces.length, thumbnails: 0 },
        };
      }
      const at = Number((operation.value as { pageToken: string }).pageToken || 0);
      const nextPageToken = at + 2 < faces.length ? String(at + 2) : "";
      return { case: "export", value: { faces: faces.slice(at, at + 2), nextPageToken } };
    };
    const exported = await (await fetch(`${mesh.url}/v1/gallery/export`)).text();
    const lines = exported.trimEnd().split("\n");
    expect(lines.map((line) => fromJson(ExportedFaceSchema, JSON.parse(line)).face!.id)).toEqual(
      faces.map(({ face }) => face.id),
    );
    const { status, body } = await call("POST", "/import", exported);
    expect([status, body]).toEqual([200, { identities: 0, faces: 5, thumbnails: 0 }]);
    const refused = await call("POST", "/import", `${lines[0]}\n{"embedding": 7}\n`);
    expect(refused.status).toBe(400);
    expect(refused.body).toMatchObject({ failure: { message: expect.stringContaining("Line 2") as string } });
  });

  it("ends an export that fails in the middle with the failure", async () => {
    reply = (operation): GalleryReply["reply"] | ReturnType<typeof reply> =>
      (operation.value as { pageToken: string }).pageToken === ""
        ? { case: "export", value: { faces: [], nextPageToken: "2" } }
        : { case: "failure", value: { code: "gallery_unavailable", message: "away", retryable: true } };
    const text = await (await fetch(`${mesh.url}/v1/gallery/export`)).text();
    expect(JSON.parse(text)).toMatchObject({ failure: { code: "gallery_unavailable" } });
  });

  describe("for those who may not change it", () => {
    /** What only those who may are told. */
    const SECRETS = {
      consent: "herself, on 4 May",
      source: "ada-at-home.jpg",
      sourceJobId: "the-job-of-hers",
    };
    const face = { id: "face-1", model: "m@1", createdAtMs: 2 };
    const { consent, ...shownOfFace } = { ...SECRETS, ...face };
    const whole = { id: "someone", name: "Ada", consent, createdAtMs: 1, faces: [shownOfFace] };
    const open = { id: "someone", name: "Ada", createdAtMs: 1, faces: [face] };
    const told = (text: string) => Object.values(SECRETS).filter((secret) => text.includes(secret));
    beforeEach(() => {
      reply = ({ case: operation }) => {
        if (operation === "get") return { case: operation, value: whole };
        if (operation === "list") return { case: operation, value: { identities: [whole], total: 1 } };
        if (operation === "search") {
          const match = { identityId: "someone", name: "Ada", faceId: "face-1", verdict: "very_alike" };
          return { case: operation, value: { matches: [match], galleryFaces: 1, verdict: "very_alike" } };
        }
        return { case: "statistics", value: { identities: 1, faces: 1, driver: "nats", model: "m@1" } };
      };
    });

    it("holds neither consent, nor files' names, nor jobs; for the others it does", async () => {
      const locked = await mesh.another({ API_KEY: "secret" });
      const ask = async (url: string, path: string, headers: Record<string, string>) =>
        (await (await fetch(`${url}/v1/gallery${path}`, { headers })).json()) as unknown;
      expect(await ask(locked.url, "/identities/someone", {})).toEqual(open);
      expect(await ask(locked.url, "/identities", {})).toEqual({
        identities: [open],
        nextPageToken: "",
        total: 1,
      });
      const refused = { failure: { code: "unauthorized" } };
      expect(await ask(locked.url, "/identities", { authorization: "Bearer wrong" })).toMatchObject(refused);
      // Without a key the gateway's own machine may, but nobody who comes through a proxy.
      expect(await ask(mesh.url, "/identities", { "x-forwarded-for": "192.0.2.1" })).toMatchObject(refused);
      for (const [url, headers] of [
        [locked.url, { authorization: "Bearer secret" }],
        [mesh.url, {}],
      ] as [string, Record<string, string>][]) {
        expect(await ask(url, "/identities/someone", headers)).toEqual(whole);
        expect(await ask(url, "/identities", headers)).toMatchObject({ identities: [whole] });
      }
    });

    it("no open answer holds them, nor the events of the job that enrols", async () => {
      const locked = await mesh.another({ API_KEY: "secret" });
      const data = form({ name: "Ada", consent, source: SECRETS.source });
      const headers = { authorization: "Bearer secret" };
      const address = `${locked.url}/v1/gallery/identities`;
      const enrolling = await (await fetch(address, { method: "POST", body: data, headers })).text();
      const jobId = /"jobId":"(\w+)"/.exec(enrolling)![1]!;
      await mesh.publish(extracted(jobId, 1));
      const enrolled = { identityId: "someone", faceId: "face-1", name: "Ada" };
      await mesh.publish(answers(jobId, 0)[0]!);
      await mesh.publish({ jobId, stage: "enrol", face: 0, outcome: { case: "enrol", value: enrolled } });
      const search = { embedding: Buffer.from(EMBEDDING).toString("base64"), model: "m@1" };
      const texts = [
        enrolling,
        await (
          await fetch(`${locked.url}/v1/gallery/search`, { method: "POST", body: JSON.stringify(search) })
        ).text(),
      ];
      const addresses = [
        "gallery/identities",
        "gallery/identities/someone",
        "gallery/statistics",
        "about",
        "status",
      ];
      for (const path of [...addresses, `jobs/${jobId}`, `jobs/${jobId}/events`]) {
        // The job is the key's own.
        const isJob = path.startsWith("jobs/");
        const response = await fetch(`${locked.url}/v1/${path}`, isJob ? { headers } : {});
        expect([path, response.status]).toEqual([path, 200]);
        const text = await response.text();
        if (!isJob) expect(text).not.toContain(jobId);
        texts.push(text);
      }
      expect(texts.flatMap(told)).toEqual([]);
    });
  });

  it("is changed only with the key where there is one", async () => {
    const locked = await mesh.another({ API_KEY: "secret" });
    reply = () => ({ case: "deleteFace", value: { identities: 0, faces: 1, thumbnails: 1 } });
    const deleting = (headers: Record<string, string>) =>
      fetch(`${locked.url}/v1/gallery/faces/face-1`, { method: "DELETE", headers });
    const refused = await deleting({});
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toBe("Bearer");
    expect((await deleting({ authorization: "Bearer secret" })).status).toBe(200);
  });
});
