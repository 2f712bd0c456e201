import sharp from "sharp";
import { CHIP_SIDE, newJobId } from "@similarfaces/contracts";
import { connectBroker, jobBlobKey, type Broker } from "@similarfaces/runtime";
import type { KV } from "@nats-io/kv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { enrolRoutes, type EnrolRoutesOptions } from "../src/gallery/enrolRoutes.js";
import { galleryRoutes, type GalleryRoutesOptions } from "../src/gallery/galleryRoutes.js";
import { jobRoutes, type JobRoutesOptions } from "../src/jobs/jobRoutes.js";
import { createKey, listKeys, openKeyBucket, revokeKey } from "../src/keys/keyBucket.js";
import { SCOPES, granted, type Scope } from "../src/keys/scopes.js";
import type { Gateway } from "../src/mod.js";
import { systemRoutes, type SystemRoutesOptions } from "../src/system/systemRoutes.js";
import { PIXEL, answerAll, readEvents, startMesh, type Mesh } from "./meshFixture.js";

/** As the gateway makes them: a new one is tested here without being told of. */
const ROUTES = [
  ...jobRoutes({} as JobRoutesOptions),
  ...galleryRoutes({} as GalleryRoutesOptions),
  ...enrolRoutes({} as EnrolRoutesOptions),
  ...systemRoutes({} as SystemRoutesOptions),
];
const ROUTES_OF_A_JOB = ROUTES.filter(({ path }) => path.includes("{jobId}"));

let mesh: Mesh;
let second: Gateway;
/** Not the gateways' connection. */
let own: Broker;
let kv: KV;
const keys = {} as Record<Scope | "other", string>;
beforeAll(async () => {
  mesh = await startMesh();
  second = await mesh.another();
  own = await connectBroker({ url: mesh.server.url, name: "keys" });
  kv = await openKeyBucket(own);
  for (const scope of SCOPES) keys[scope] = await createKey(kv, `for ${scope}`, [scope]);
  keys.other = await createKey(kv, "somebody else", ["analyse", "gallery:write"]);
  for (const { url } of [mesh.gateway, second])
    while ((await statusOf(url, "/v1/status", keys.other)) !== 200)
      await new Promise((resolve) => setTimeout(resolve, 20));
});
afterAll(async () => {
  await own?.close();
  await mesh?.stop();
});

const bearer = (key?: string): Record<string, string> => (key ? { authorization: `Bearer ${key}` } : {});

function ask(url: string, path: string, key?: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url + path, { ...init, headers: { ...bearer(key), ...(init.headers as object) } });
}

async function statusOf(url: string, path: string, key?: string, init?: RequestInit): Promise<number> {
  const response = await ask(url, path, key, init);
  await response.body?.cancel();
  return response.status;
}

interface Posted {
  jobId: string;
  links: { self: string; share?: string };
}

async function post(url: string, key?: string): Promise<Posted> {
  const response = await ask(url, "/v1/jobs?stages=age", key, { method: "POST", body: PIXEL });
  expect(response.status).toBe(202);
  return (await response.json()) as Posted;
}

/** What the gateway says of a job to whoever watches it by WebSocket: the first message. */
function watched(
  url: string,
  question: object,
  key?: string,
): Promise<{ type: string; failure?: { code: string } }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/live`, { headers: bearer(key) });
    socket.on("open", () => socket.send(JSON.stringify({ type: "watch", ...question })));
    socket.on("message", (data: Buffer) => {
      socket.close();
      resolve(JSON.parse(data.toString()) as { type: string });
    });
    socket.on("error", reject);
  });
}

const codeOf = async (response: Response) =>
  ((await response.json()) as { failure: { code: string } }).failure.code;

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

describe("a key", () => {
  it("is known to every gateway at once, and refused by all once it is revoked, its jobs with it", async () => {
    const text = await createKey(kv, "for a while", ["analyse"]);
    const id = text.split("_")[1]!;
    for (const { url } of [mesh.gateway, second])
      await expect.poll(() => statusOf(url, "/v1/status", text)).toBe(200);
    const { links } = await post(mesh.url, text);
    expect(await statusOf(second.url, links.share!.replace("/jobs", "/v1/jobs"))).toBe(200);
    expect(await revokeKey(kv, id)).toBe(true);
    for (const { url } of [mesh.gateway, second]) {
      await expect.poll(() => statusOf(url, "/v1/status", text)).toBe(401);
      expect(await statusOf(url, links.self, keys.admin)).toBe(404);
      expect(await statusOf(url, links.share!.replace("/jobs", "/v1/jobs"))).toBe(404);
    }
    expect(await revokeKey(kv, id)).toBe(false);
  });

  it("that is revoked ends what is open: the job that is watched with it, and by those who have its link", async () => {
    const text = await createKey(kv, "for a while", ["analyse"]);
    await expect.poll(() => statusOf(mesh.url, "/v1/status", text)).toBe(200);
    const { links } = await post(mesh.url, text);
    const [, share] = links.share!.split("?");
    const streams = await Promise.all([
      ask(mesh.url, `${links.self}/events`, text),
      ask(mesh.url, `${links.self}/events?${share}`),
    ]);
    await revokeKey(kv, text.split("_")[1]!);
    // Although nothing more is found out about the job.
    for (const stream of streams) {
      const events = await readEvents(stream);
      expect(events.map(({ event }) => event)).toEqual(["accepted", "failure"]);
      expect(events.at(-1)!.data).toMatchObject({ failure: { code: "job_not_found" } });
    }
  });

  it("that was revoked while the broker could not be reached is refused when it is back", async () => {
    const text = await createKey(kv, "for a while", ["analyse"]);
    await expect.poll(() => statusOf(mesh.url, "/v1/status", text)).toBe(200);
    void mesh.broker.nc.reconnect();
    await revokeKey(kv, text.split("_")[1]!);
    await expect.poll(() => statusOf(mesh.url, "/v1/status", text), { timeout: 10_000 }).toBe(401);
  });

  it("is stored as a hash only", async () => {
    const all = JSON.stringify(await listKeys(kv));
    for (const text of Object.values(keys)) expect(all).not.toContain(text.split("_").slice(2).join("_"));
  });

  it("that is wrong is counted, and slowed down with the time to wait", async () => {
    const wrong = () => ask(second.url, "/v1/status", "wrong");
    await expect.poll(async () => (await wrong()).status).toBe(429);
    const slowed = await wrong();
    expect(await codeOf(slowed)).toBe("too_many_attempts");
    expect(Number(slowed.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await mesh.scrape(second)).toMatch(/similarfaces_keys_refused_total\{reason="wrong"\} 10/);
    expect(await mesh.scrape(second)).toMatch(/similarfaces_keys_refused_total\{reason="slowed"\} [2-9]/);
    expect(await statusOf(second.url, "/v1/status", keys.other)).toBe(200);
  });
});

it("is asked of nobody before there is one, and of everybody from then on", async () => {
  const fresh = await startMesh({ API_KEY_FOR: "everything" });
  try {
    expect(
      await statusOf(fresh.url, "/v1/gallery/statistics", undefined, { headers: { via: "1.1 x" } }),
    ).toBe(401);
    expect(await statusOf(fresh.url, "/v1/status")).toBe(200);
    const broker = await connectBroker({ url: fresh.server.url, name: "keys" });
    const text = await createKey(await openKeyBucket(broker), "first", ["analyse"]);
    await broker.close();
    await expect.poll(() => statusOf(fresh.url, "/v1/status")).toBe(401);
    expect(await statusOf(fresh.url, "/v1/status", text)).toBe(200);
    expect(await statusOf(fresh.url, "/healthz")).toBe(200);
  } finally {
    await fresh.stop();
  }
});
