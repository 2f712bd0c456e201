import sharp from "sharp";
import { CHIP_SIDE, newJobId } from "@similarfaces/contracts";
import { jobBlobKey } from "@similarfaces/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { enrolRoutes, type EnrolRoutesOptions } from "../src/gallery/enrolRoutes.js";
import { galleryRoutes, type GalleryRoutesOptions } from "../src/gallery/galleryRoutes.js";
import { jobRoutes, type JobRoutesOptions } from "../src/jobs/jobRoutes.js";
import { granted, SCOPES } from "../src/keys/scopes.js";
import type { Gateway } from "../src/mod.js";
import { systemRoutes, type SystemRoutesOptions } from "../src/system/systemRoutes.js";
import { PIXEL, answerAll, type Mesh } from "./meshFixture.js";
import {
  ask,
  codeOf,
  playKeys,
  post,
  statusOf,
  watched,
  type PlayedKeys,
  type Posted,
} from "./playedKeys.js";

/** As the gateway makes them: a new one is tested here without being told of. */
const ROUTES = [
  ...jobRoutes({} as JobRoutesOptions),
  ...galleryRoutes({} as GalleryRoutesOptions),
  ...enrolRoutes({} as EnrolRoutesOptions),
  ...systemRoutes({} as SystemRoutesOptions),
];
const ROUTES_OF_A_JOB = ROUTES.filter(({ path }) => path.includes("{jobId}"));

let played: PlayedKeys;
let mesh: Mesh;
let second: Gateway;
let keys: PlayedKeys["keys"];
beforeAll(async () => {
  played = await playKeys();
  ({ mesh, second, keys } = played);
});
afterAll(() => played?.stop());

describe("every route", () => {
  it("says which scope it takes", () => {
    for (const { method, path, scope } of ROUTES) {
      expect([method, path, [...SCOPES, "any", "open"].includes(scope)]).toEqual([method, path, true]);
      if (path.startsWith("/v1/gallery")) expect(scope).toMatch(/^(gallery:(read|write)|admin)$/);
      if (path.startsWith("/v1/gallery") && method !== "GET" && !path.endsWith("/search"))
        expect(scope).toBe("gallery:write");
      if (path.startsWith("/v1/jobs")) expect(scope).toBe("analyse");
    }
  });

  it("refuses the keys that are for other things, and only those", async () => {
    for (const { method, path, scope } of ROUTES) {
      const address = path.replaceAll(/\{\w+\}/g, newJobId(Date.now()));
      for (const of of SCOPES) {
        const status = await statusOf(mesh.url, address, keys[of], { method });
        const mayAsk = scope === "open" || scope === "any" || granted([of]).has(scope);
        expect([method, path, of, status === 403]).toEqual([method, path, of, !mayAsk]);
        expect(status).not.toBe(401);
      }
    }
  });
});

describe("a job of a key", () => {
  let job: Posted;
  const addressOf = (path: string, jobId = job.jobId) =>
    path.replace("{jobId}", jobId).replaceAll(/\{\w+\}/g, "0");
  beforeAll(async () => {
    job = await post(mesh.url, keys.analyse);
    await answerAll(mesh, job.jobId);
    const create = { width: CHIP_SIDE, height: CHIP_SIDE, channels: 3, background: "gray" } as const;
    const picture = await sharp({ create }).jpeg().toBuffer();
    for (const name of ["photo.jpg", "faces.jpg"] as const)
      await mesh.blobs.put(jobBlobKey(job.jobId, name), picture, "image/jpeg");
  });

  it("is as if it were not there to other keys and to nobody's, on every route and every gateway", async () => {
    expect(ROUTES_OF_A_JOB.length).toBeGreaterThan(5);
    const never = newJobId(Date.now());
    for (const { url } of [mesh.gateway, second]) {
      for (const key of [keys.other, keys.admin, undefined]) {
        for (const { method, path } of ROUTES_OF_A_JOB) {
          const refused = await ask(url, addressOf(path), key, { method });
          const unknown = await ask(url, addressOf(path, never), key, { method });
          expect([method, path, refused.status]).toEqual([method, path, 404]);
          expect(await refused.text()).toBe(await unknown.text());
        }
        const mine = await watched(url, { jobId: job.jobId }, key);
        expect(mine).toEqual({ ...(await watched(url, { jobId: never }, key)), jobId: job.jobId });
        expect(mine.failure?.code).toBe("job_not_found");
      }
    }
  });

  it("is its owner's, wherever asked", async () => {
    for (const { url } of [mesh.gateway, second]) {
      expect(await statusOf(url, job.links.self, keys.analyse)).toBe(200);
      expect(await statusOf(url, `${job.links.self}/events`, keys.analyse)).toBe(200);
      expect((await watched(url, { jobId: job.jobId }, keys.analyse)).type).toBe("result");
    }
  });

  it("says nowhere whose it is", async () => {
    const id = keys.analyse.split("_")[1]!;
    for (const path of [job.links.self, `${job.links.self}/events`])
      expect(await (await ask(mesh.url, path, keys.analyse)).text()).not.toContain(id);
  });

  it("cannot be enrolled by another key", async () => {
    const enrol = async (key: string) => {
      const body = JSON.stringify({ name: "Ada", consent: "herself", jobId: job.jobId, face: 0 });
      const headers = { "content-type": "application/json" };
      return ask(mesh.url, "/v1/gallery/identities", key, { method: "POST", headers, body });
    };
    expect(await codeOf(await enrol(keys.other))).toBe("job_not_found");
  });

  it("is shown by its share link, by every reading route and both live transports, and deleted by none", async () => {
    const { share } = job.links;
    expect(share).toMatch(new RegExp(`^/jobs/${job.jobId}\\?share=[\\w-]{22}$`));
    const query = share!.slice(share!.indexOf("?"));
    for (const { url } of [mesh.gateway, second]) {
      for (const key of [undefined, keys.other]) {
        for (const { method, path } of ROUTES_OF_A_JOB) {
          const status = await statusOf(url, addressOf(path) + query, key, { method });
          const owners = await statusOf(url, addressOf(path), keys.analyse, { method: "HEAD" });
          if (method === "GET") expect([path, status]).toEqual([path, owners]);
          else expect([method, path, status]).toEqual([method, path, 404]);
        }
        const token = new URLSearchParams(query).get("share");
        expect((await watched(url, { jobId: job.jobId, share: token }, key)).type).toBe("result");
      }
    }
    const seen = (await (await ask(mesh.url, job.links.self + query)).json()) as Posted;
    expect(seen.links.share).toBeUndefined();
    const other = await post(mesh.url, keys.analyse);
    expect(await statusOf(mesh.url, other.links.self + query)).toBe(404);
  });

  it("is gone for its owner and unknown to others after it was deleted", async () => {
    const gone = await post(mesh.url, keys.analyse);
    expect(await statusOf(mesh.url, gone.links.self, keys.other, { method: "DELETE" })).toBe(404);
    expect(await statusOf(mesh.url, gone.links.self, keys.analyse, { method: "DELETE" })).toBe(200);
    for (const { url } of [mesh.gateway, second]) {
      expect(await statusOf(url, gone.links.self, keys.analyse)).toBe(410);
      expect(await statusOf(url, gone.links.self, keys.other)).toBe(404);
      expect(await statusOf(url, gone.links.self)).toBe(404);
    }
  });
});

describe("a job of no key", () => {
  it("is read and deleted by whoever has its id", async () => {
    const { links } = await post(mesh.url);
    expect(links.share).toBeUndefined();
    expect(await statusOf(second.url, links.self, keys.other)).toBe(200);
    expect(await statusOf(second.url, links.self)).toBe(200);
    expect(await statusOf(second.url, links.self, undefined, { method: "DELETE" })).toBe(200);
  });
});

describe("the stage match", () => {
  it("is a search, and left out for a key that may not look at the gallery", async () => {
    const stagesOf = async (query: string, key?: string) => {
      const response = await ask(mesh.url, `/v1/jobs${query}`, key, { method: "POST", body: PIXEL });
      if (response.status !== 202) return codeOf(response);
      const { links } = (await response.json()) as Posted;
      const job = (await (await ask(mesh.url, links.self, key)).json()) as {
        accepted: { stages: string[] };
      };
      return job.accepted.stages.includes("match") ? "match" : "no match";
    };
    expect(await stagesOf("", keys.analyse)).toBe("no match");
    expect(await stagesOf("?stages=age,match", keys.analyse)).toBe("forbidden");
    expect(await stagesOf("", keys.admin)).toBe("match");
    expect(await stagesOf("")).toBe("match");
  });
});
