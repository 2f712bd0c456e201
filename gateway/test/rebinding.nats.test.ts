import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { galleryRoutes, type GalleryRoutesOptions } from "../src/gallery/galleryRoutes.js";
import type { Gateway } from "../src/mod.js";
import { PIXEL, startMesh, type Mesh } from "./meshFixture.js";

const ROUTES = galleryRoutes({} as GalleryRoutesOptions);
const REBOUND = { host: "rebound.example", origin: "http://rebound.example" };

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh({ HOST: "0.0.0.0" });
});
afterAll(() => mesh?.stop());

interface Answer {
  status: number;
  body: string;
}

/** With a Host of the caller's choice, which `fetch` does not allow. */
function ask(
  { url }: Gateway,
  method: string,
  path: string,
  headers: Record<string, string>,
  body = new Uint8Array(),
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request(new URL(path, url), { method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    asking.on("error", reject);
    asking.end(body);
  });
}

describe.each(["uws", "node"])(
  "on %s, beyond loopback and without a key, a page on a rebound name",
  (driver) => {
    let gateway: Gateway;
    beforeAll(async () => {
      gateway = await mesh.another({ HTTP_DRIVER: driver });
    });

    it("gets nothing of the gallery and changes nothing, by any route", async () => {
      for (const { method, path } of ROUTES) {
        const address = path.replaceAll(/\{\w+\}/g, "x");
        const { status, body } = await ask(gateway, method, address, REBOUND);
        expect([method, path, status]).toEqual([method, path, 401]);
        expect(body).toContain("npm run keys");
        const local = await ask(gateway, method, address, { host: "localhost:8080" });
        expect([method, path, local.status === 401]).toEqual([method, path, false]);
      }
    });

    it("has its photos analysed, and not compared", async () => {
      const stages = async (headers: Record<string, string>) => {
        const { status, body } = await ask(gateway, "POST", "/v1/jobs", headers, PIXEL);
        expect(status).toBe(202);
        const { jobId } = JSON.parse(body) as { jobId: string };
        const job = await ask(gateway, "GET", `/v1/jobs/${jobId}`, headers);
        return (JSON.parse(job.body) as { accepted: { stages: string[] } }).accepted.stages;
      };
      expect(await stages(REBOUND)).not.toContain("match");
      expect(await stages({ host: "127.0.0.1:1" })).toContain("match");
      const named = await ask(gateway, "POST", "/v1/jobs?stages=match", REBOUND, PIXEL);
      expect(named.status).toBe(401);
    });
  },
);
