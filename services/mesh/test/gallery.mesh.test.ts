import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { analyse, sample, snapshot } from "./client.js";
import { meshWithGallery } from "./galleryCommand.js";

const { api, gallery, importing, inFolder, put, statistics, url } = meshWithGallery();

describe("the gallery's commands", () => {
  it("list, rename, merge, export, delete and import again", async () => {
    await put("Ada/1.jpg", await sample("portrait-1"));
    await put("Bea/1.jpg", await sample("group-4"));
    await importing("--largest");
    expect((await gallery("list")).stdout).toMatch(/ 1 faces {2}Ada\n.* 1 faces {2}Bea\n$/);
    expect((await gallery("list", "EA")).stdout).not.toContain("Ada");
    expect((await gallery("rename", "Ada", "Ada L.")).stdout).toContain("Ada L.");
    expect(await gallery("rename", "Ada", "x")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("identity_not_found") as string,
    });
    expect(await gallery("rename", "Bea", "x".repeat(10_000))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("invalid_name") as string,
    });
    const file = inFolder("gallery.ndjson");
    expect((await gallery("export", file)).stdout).toContain("2 faces written");
    const lines = (await readFile(file, "utf8")).trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { name: string }).name).sort()).toEqual([
      "Ada L.",
      "Bea",
    ]);
    expect((await gallery("export")).stdout.trim().split("\n").sort()).toEqual(lines.sort());
    expect((await gallery("merge", "Ada L.", "Bea")).stdout).toMatch(/ 2 faces {2}Bea\n$/);
    expect((await gallery("delete", "Bea")).stdout).toContain("2 faces, 2 portraits");
    expect(await gallery("delete", "Bea")).toMatchObject({ code: 1 });
    expect(await gallery("delete", "--face", "none")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("face_not_found") as string,
    });
    expect((await gallery("import", file)).stdout).toContain("2 faces and 2 people are new");
    expect((await gallery("import", file)).stdout).toContain("0 faces and 0 people are new");
    expect((await gallery("stats")).stdout).toMatch(
      /^2 people, 2 faces; driver nats, embeddings of compact-embed@/,
    );
    await writeFile(file, "no json\n");
    expect(await gallery("import", file)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Line 1") as string,
    });
    expect(await statistics()).toMatchObject({ identities: 2, faces: 2 });
  });
});

describe("a face of a finished job", () => {
  it("enters the gallery with a portrait out of that job's photo, which stays", async () => {
    const { jobId } = await analyse(url(), await sample("group-4"));
    const body = JSON.stringify({ name: "Ada", consent: "herself", jobId, face: 2 });
    const response = await fetch(`${url()}/v1/gallery/identities`, { method: "POST", body });
    expect(response.status).toBe(202);
    const { identityId, photos } = (await response.json()) as {
      identityId: string;
      photos: { job: { jobId: string } }[];
    };
    const enrolling = photos[0]!.job.jobId;
    await expect.poll(async () => (await snapshot(url(), enrolling)).state).toBe("complete");
    const [source, own] = [await snapshot(url(), jobId), await snapshot(url(), enrolling)];
    const [{ fields, ...repeated }] = own.faces as [(typeof own.faces)[number]];
    const { fields: found, shownVerdict: _, ...face } = source.faces[2]!;
    expect(repeated).toEqual({ ...face, index: 0 });
    expect(fields["quality"]).toMatchObject({ state: "done" });
    expect(fields["enrol"]).toMatchObject({ state: "done", value: { identityId } });
    expect(found["match"]).toMatchObject({ state: "done" });
    const { faces } = await api<{ faces: { id: string; eyes: { left: object; right: object } }[] }>(
      `identities/${identityId}`,
    );
    expect(faces).toMatchObject([{ eyes: { left: {}, right: {} } }]);
    const portrait = await fetch(`${url()}/v1/gallery/faces/${faces[0]!.id}.jpg`);
    expect(portrait.headers.get("content-type")).toBe("image/jpeg");
    expect((await portrait.arrayBuffer()).byteLength).toBeGreaterThan(10_000);
    expect((await fetch(`${url()}/v1/jobs/${jobId}/photo.jpg`)).status).toBe(200);
  });
});
