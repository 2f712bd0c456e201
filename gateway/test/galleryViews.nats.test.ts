import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EMBEDDING, answers, extracted } from "./meshFixture.js";
import { playGallery, type PlayedGallery } from "./playedGallery.js";

describe("the gallery over HTTP", () => {
  let gallery: PlayedGallery;
  beforeAll(async () => {
    gallery = await playGallery();
  });
  afterAll(() => gallery?.mesh.stop());
  beforeEach(() => gallery.reset());

  describe("for those who may not change it", () => {
    /** What only those who may are told. */
    const SECRETS = {
      consent: "herself, on 4 May",
      source: "ada-at-home.jpg",
      sourceJobId: "the-job-of-hers",
      photoDigest: "the-digest-of-her-photo",
    };
    const face = { id: "face-1", model: "m@1", createdAtMs: 2 };
    const { consent, ...shownOfFace } = { ...SECRETS, ...face };
    const whole = { id: "someone", name: "Ada", consent, createdAtMs: 1, faces: [shownOfFace] };
    const open = { id: "someone", name: "Ada", createdAtMs: 1, faces: [face] };
    const told = (text: string) => Object.values(SECRETS).filter((secret) => text.includes(secret));
    beforeEach(() => {
      gallery.reply = ({ case: operation }) => {
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
      const locked = await gallery.mesh.another({ API_KEY: "secret" });
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
      expect(await ask(gallery.mesh.url, "/identities", { "x-forwarded-for": "192.0.2.1" })).toMatchObject(
        refused,
      );
      for (const [url, headers] of [
        [locked.url, { authorization: "Bearer secret" }],
        [gallery.mesh.url, {}],
      ] as [string, Record<string, string>][]) {
        expect(await ask(url, "/identities/someone", headers)).toEqual(whole);
        expect(await ask(url, "/identities", headers)).toMatchObject({ identities: [whole] });
      }
    });

    it("no open answer holds them, nor the events of the job that enrols", async () => {
      const locked = await gallery.mesh.another({ API_KEY: "secret" });
      const data = gallery.form({ name: "Ada", consent, source: SECRETS.source });
      const headers = { authorization: "Bearer secret" };
      const address = `${locked.url}/v1/gallery/identities`;
      const enrolling = await (await fetch(address, { method: "POST", body: data, headers })).text();
      const jobId = /"jobId":"(\w+)"/.exec(enrolling)![1]!;
      await gallery.mesh.publish(extracted(jobId, 1));
      const enrolled = { identityId: "someone", faceId: "face-1", name: "Ada" };
      await gallery.mesh.publish(answers(jobId, 0)[0]!);
      await gallery.mesh.publish({
        jobId,
        stage: "enrol",
        face: 0,
        outcome: { case: "enrol", value: enrolled },
      });
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
    const locked = await gallery.mesh.another({ API_KEY: "secret" });
    gallery.reply = () => ({ case: "deleteFace", value: { identities: 0, faces: 1, thumbnails: 1 } });
    const deleting = (headers: Record<string, string>) =>
      fetch(`${locked.url}/v1/gallery/faces/face-1`, { method: "DELETE", headers });
    const refused = await deleting({});
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toBe("Bearer");
    expect((await deleting({ authorization: "Bearer secret" })).status).toBe(200);
  });
});
