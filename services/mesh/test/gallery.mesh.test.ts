import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { analyse, sample, snapshot } from "./client.js";
import { startTestMesh, type TestMesh } from "./mesh.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
let mesh: TestMesh;
let folder: string;

beforeAll(async () => {
  mesh = await startTestMesh();
});
afterAll(() => mesh?.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "similarfaces-people-"));
  const { identities } = await api<{ identities: { id: string }[] }>("identities");
  for (const { id } of identities) await api(`identities/${id}`, "DELETE");
  return () => rm(folder, { recursive: true, force: true });
});

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** `npm run gallery -- ...`, on the running mesh. */
function gallery(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const command = [MAIN, "gallery", ...args, "--url", mesh.url];
    const child = execFile(process.execPath, command, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

async function put(path: string, bytes: Uint8Array | string): Promise<void> {
  const whole = join(folder, path);
  await mkdir(dirname(whole), { recursive: true });
  await writeFile(whole, bytes);
}

const importing = (...args: string[]) => gallery("import", folder, "--consent", "signed 2026", ...args);
const statistics = () => api<{ identities: number; faces: number }>("statistics");

async function api<T>(path: string, method = "GET"): Promise<T> {
  return (await (await fetch(`${mesh.url}/v1/gallery/${path}`, { method })).json()) as T;
}

describe("an import", () => {
  it("of a folder with broken files takes the good ones, names the others, and can be repeated", async () => {
    const portrait = await sample("portrait-1");
    await put("Ada Lovelace/1.jpg", portrait);
    await put("Ada Lovelace/again.jpg", portrait);
    await put("Ada Lovelace/trip/2.jpg", await sample("group-4"));
    await put("Grace Hopper/0-cut.jpg", portrait.subarray(0, portrait.length / 2));
    await put("Grace Hopper/1.jpg", await sample("closeup"));
    await put("Grace Hopper/empty.jpg", "");
    await put("Nobody/1.jpg", await sample("nobody"));
    await put("Nobody/text.png", "this is no picture");
    await put("Bad\u0007Name/1.jpg", portrait);
    await put("Mary_Jackson_0003.jpg", await sample("group-4"));
    await put("notes.txt", "not a picture by its name");
    const report = join(folder, "..", `${folder.split("/").at(-1)}.json`);
    const first = await importing("--report", report);
    expect(first.code).toBe(1);
    expect(first.stdout).toMatch(
      /^4 faces of 5 people enrolled .* 1 were in already, 5 refused; 1 other files/,
    );
    for (const [source, code] of [
      ["Grace Hopper/0-cut.jpg", "undecodable_image"],
      ["Grace Hopper/empty.jpg", "empty_body"],
      ["Nobody/1.jpg", "no_face"],
      ["Nobody/text.png", "unsupported_type"],
      ["Bad\\?Name/1.jpg", "invalid_name"],
    ]) {
      expect(first.stderr).toMatch(new RegExp(`^${source}: .*\\(${code}\\)$`, "m"));
    }
    const outcomes = JSON.parse(await readFile(report, "utf8")) as { source: string; kind: string }[];
    await rm(report);
    expect(outcomes.length).toBe(10);
    expect(outcomes.find(({ source }) => source === "Mary_Jackson_0003.jpg")?.kind).toBe("enrolled");
    expect(await statistics()).toMatchObject({ identities: 3, faces: 4 });

    const second = await importing();
    expect(second.stdout).toMatch(/^0 faces .* 5 were in already, 5 refused/);
    await put("Grace Hopper/2.jpg", await sample("group-4"));
    expect((await importing()).stdout).toMatch(/^1 faces /);
    expect(await statistics()).toMatchObject({ identities: 3, faces: 5 });
  });

  it("of a csv goes by its columns", async () => {
    await put("a.jpg", await sample("portrait-1"));
    await put("b.jpg", await sample("group-4"));
    await put(
      "people.csv",
      '\ufefffile,name,consent\na.jpg,"Lovelace, Ada",on paper\nb.jpg,Bea,\ngone.jpg,Cy,\n',
    );
    const ran = await gallery("import", join(folder, "people.csv"), "--consent", "for all");
    expect(ran.stdout).toMatch(/^2 faces of 3 people enrolled .* 1 refused/);
    expect(ran.stderr).toMatch(/^gone\.jpg: .*\(unreadable_file\)$/m);
    const { stdout } = await gallery("list", "--json");
    const [bea, ada] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { name: string; consent: string });
    expect([bea!.name, bea!.consent, ada!.name, ada!.consent]).toEqual([
      "Bea",
      "for all",
      "Lovelace, Ada",
      "on paper",
    ]);
    await put("bad.csv", "file,name\n,Ada\n");
    const bad = await gallery("import", join(folder, "bad.csv"), "--consent", "x");
    expect([bad.code, bad.stderr]).toEqual([1, expect.stringContaining("row 1 has no file")]);
  });

  it("wants to know who agreed, and what exists", async () => {
    expect(await gallery("import", folder)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--consent") as string,
    });
    expect(await gallery("import", join(folder, "none"), "--consent", "x")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no such file") as string,
    });
    expect((await gallery("import")).code).toBe(2);
    expect((await gallery("frobnicate")).stderr).toContain("npm run gallery");
  });
});

describe("the gallery's commands", () => {
  it("list, rename, merge, export, delete and import again", async () => {
    await put("Ada/1.jpg", await sample("portrait-1"));
    await put("Bea/1.jpg", await sample("group-4"));
    await importing();
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
    const file = join(folder, "gallery.ndjson");
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
    const { jobId } = await analyse(mesh.url, await sample("group-4"));
    const body = JSON.stringify({ name: "Ada", consent: "herself", jobId, face: 2 });
    const response = await fetch(`${mesh.url}/v1/gallery/identities`, { method: "POST", body });
    expect(response.status).toBe(202);
    const { identityId, photos } = (await response.json()) as {
      identityId: string;
      photos: { job: { jobId: string } }[];
    };
    const enrolling = photos[0]!.job.jobId;
    await expect.poll(async () => (await snapshot(mesh.url, enrolling)).state).toBe("complete");
    const [source, own] = [await snapshot(mesh.url, jobId), await snapshot(mesh.url, enrolling)];
    const [{ fields, ...repeated }] = own.faces as [(typeof own.faces)[number]];
    const { fields: found, ...face } = source.faces[2]!;
    expect(repeated).toEqual({ ...face, index: 0 });
    expect(fields["quality"]).toMatchObject({ state: "done" });
    expect(fields["enrol"]).toMatchObject({ state: "done", value: { identityId } });
    expect(found["match"]).toMatchObject({ state: "done" });
    const { faces } = await api<{ faces: { id: string; eyes: { left: object; right: object } }[] }>(
      `identities/${identityId}`,
    );
    expect(faces).toMatchObject([{ eyes: { left: {}, right: {} } }]);
    const portrait = await fetch(`${mesh.url}/v1/gallery/faces/${faces[0]!.id}.jpg`);
    expect(portrait.headers.get("content-type")).toBe("image/jpeg");
    expect((await portrait.arrayBuffer()).byteLength).toBeGreaterThan(10_000);
    expect((await fetch(`${mesh.url}/v1/jobs/${jobId}/photo.jpg`)).status).toBe(200);
  });
});
