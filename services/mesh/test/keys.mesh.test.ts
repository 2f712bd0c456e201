import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { command } from "./command.js";
import { startTestMesh, type TestMesh } from "./mesh.js";
import { chip144, putOldFaces } from "./oldFaces.js";

const PHOTO = "models/samples/photos/portrait-1.jpg";

describe("npm run keys beside a mesh that listens beyond loopback", () => {
  let mesh: TestMesh;
  beforeAll(async () => {
    mesh = await startTestMesh({ env: { HOST: "0.0.0.0" } });
  });
  afterAll(() => mesh?.stop());

  const status = async (path: string, key?: string) => {
    const headers: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {};
    return (await fetch(mesh.url + path, { headers })).status;
  };

  it("needs none to make the first, which the command line then works with", async () => {
    expect(mesh.output()).toMatch(/warning: there is no key: whoever reaches this address/);
    const scopes = ["--scopes", "analyse,gallery:write"];
    const made = await command(mesh.dataDir, ["keys", "create", "--name", "Ada", ...scopes]);
    expect([made.code, made.stderr]).toEqual([0, expect.stringContaining("shown this once")]);
    const key = made.stdout.trim();
    await expect.poll(() => status("/v1/gallery/export")).toBe(401);
    await expect.poll(() => status("/v1/gallery/export", key)).toBe(403);
    const env = { API_KEY: key };
    const analysed = await command(mesh.dataDir, ["analyze", PHOTO], env);
    expect([analysed.code, analysed.stderr]).toEqual([0, ""]);
    expect(analysed.stdout).toMatch(/ match +the gallery is empty/);
    const people = join(mesh.dataDir, "people");
    await mkdir(people);
    await copyFile("models/samples/gallery/composite-001.jpg", join(people, "Nobody.jpg"));
    const consent = ["--consent", "nobody's face"];
    const imported = await command(mesh.dataDir, ["gallery", "import", people, ...consent], env);
    expect([imported.code, imported.stdout]).toEqual([0, expect.stringMatching(/^1 faces of 1 people/)]);
    await putOldFaces(mesh, [{ name: "Nobody else", source: "", portrait: await chip144() }]);
    const remade = await command(mesh.dataDir, ["gallery", "re-enrol"], env);
    expect([remade.code, remade.stdout]).toEqual([0, expect.stringMatching(/^1 faces made anew/)]);
    const refused = await command(mesh.dataDir, ["gallery", "rename", "Nobody", "Somebody"]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("unauthorized")]);

    const listed = await command(mesh.dataDir, ["keys", "list"]);
    expect(listed.stdout).toMatch(/^[0-9a-f]{12} {2}\d{4}-\d\d-\d\d {2}analyse,gallery:write {2}Ada\n$/);
    const revoked = await command(mesh.dataDir, ["keys", "revoke", listed.stdout.slice(0, 12)]);
    expect(revoked.code).toBe(0);
    // There is none again: this machine has the gallery, whatever it sends.
    await expect.poll(() => status("/v1/gallery/export")).toBe(200);
  });

  it("is on a data folder where nothing runs told so", async () => {
    const { code, stderr } = await command(`${mesh.dataDir}/nothing`, ["keys", "list"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("No mesh runs on")]);
  });

  it("serves metrics at the address that the start says, and not where visitors come", async () => {
    expect(mesh.output()).toContain(`metrics at ${mesh.metricsUrl}`);
    expect(await (await fetch(mesh.metricsUrl)).text()).toContain("similarfaces_jobs_total");
    expect((await fetch(new URL("/readyz", mesh.metricsUrl))).status).toBe(200);
    expect(await status("/metrics")).toBe(404);
    expect(await status("/readyz")).toBe(200);
  });
});
