import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSite, type Site } from "../src/system/site.js";

let folder: string;
let site: Site;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "similarfaces-site-"));
  await mkdir(join(folder, "assets"));
  await writeFile(join(folder, "index.html"), "<!doctype html>page");
  await writeFile(join(folder, "assets/app-a1b2.js"), "run()");
  await writeFile(join(folder, "assets/app-a1b2.js.gz"), gzipSync("run()"));
  site = openSite(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const find = (path: string, headers: Record<string, string> = {}) =>
  site.find({
    method: "GET",
    path,
    query: new URLSearchParams(),
    remoteAddress: "127.0.0.1",
    header: (name) => headers[name],
  });
const textOf = (path: string) => Buffer.from(find(path)!.body as Uint8Array).toString();

describe("the built page", () => {
  it.each(["/", "/jobs/abc", "/gallery", "/gallery/abc", "/about", "/about/engineers", "/about/"])(
    "is index.html at %s, asked for anew each time",
    (path) => {
      expect(textOf(path)).toContain("page");
      expect(find(path)!.headers).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-cache",
      });
    },
  );

  it("has nothing elsewhere, and nothing outside its folder", () => {
    for (const path of [
      "/v1/jobs",
      "/other",
      "/../secret",
      "/assets/../../etc/passwd",
      "/assets/app-a1b2.js.gz",
    ]) {
      expect(find(path)).toBeUndefined();
    }
  });

  it("is shown with 404 at an address that nothing has, but not to programs", () => {
    for (const path of ["/nowhere", "/about/nothing", "/jobs/abc/def"]) {
      const { status, headers, body } = site.nothingAt(path)!;
      expect([path, status]).toEqual([path, 404]);
      expect(headers).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
      });
      expect(Buffer.from(body as Uint8Array).toString()).toContain("page");
    }
    for (const path of ["/v1", "/v1/nothing", "/assets/app-gone.js"]) {
      expect(site.nothingAt(path)).toBeUndefined();
    }
  });

  it("keeps files with a hash in their name for ever", () => {
    expect(find("/assets/app-a1b2.js")!.headers["cache-control"]).toContain("immutable");
  });

  it("comes compressed where the client takes that", () => {
    const reply = find("/assets/app-a1b2.js", { "accept-encoding": "br, gzip;q=0.8" })!;
    expect(reply.headers).toMatchObject({ "content-encoding": "gzip", vary: "accept-encoding" });
    expect(gunzipSync(reply.body as Uint8Array).toString()).toBe("run()");
    const plain = find("/assets/app-a1b2.js", { "accept-encoding": "gzip;q=0" })!;
    expect(plain.headers["content-encoding"]).toBeUndefined();
    expect(plain.headers["etag"]).not.toBe(reply.headers["etag"]);
  });

  it("is not sent again to who has it", () => {
    const { etag } = find("/")!.headers;
    const again = find("/", { "if-none-match": `"other", ${etag}` })!;
    expect(again.status).toBe(304);
    expect(again.body).toBeUndefined();
  });

  it("is an empty site where it was not built", () => {
    const none = openSite(join(folder, "nowhere"));
    expect(
      none.find({
        method: "GET",
        path: "/",
        query: new URLSearchParams(),
        remoteAddress: "",
        header: () => "",
      }),
    ).toBeUndefined();
  });
});
