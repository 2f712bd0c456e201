import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Gateway } from "@similarfaces/client";
import type { Identity } from "@similarfaces/contracts/api";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sample } from "./client.js";
import { command, type Ended } from "./command.js";
import { startTestMesh, type TestMesh } from "./mesh.js";
import { OLD_MODEL, chip144, composite, peopleAt, putOldFaces, type FaceToPut } from "./oldFaces.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
let mesh: TestMesh;
let gateway: Gateway;
let folder: string;

beforeAll(async () => {
  mesh = await startTestMesh();
  gateway = new Gateway({ url: mesh.url });
});
afterAll(() => mesh?.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "similarfaces-photos-"));
  for (const { id } of await people()) await gateway.gallery.deleteIdentity(id);
  return () => rm(folder, { recursive: true, force: true });
});

async function put(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), bytes);
}

const people = () => peopleAt(mesh.url);

const reEnrol = (...args: string[]): Promise<Ended> =>
  command(mesh.dataDir, ["gallery", "re-enrol", ...args]);
const statistics = () => gateway.gallery.statistics();
const old = (faces: number) => [{ model: OLD_MODEL, faces }];

/** Six old faces: of each way to be made anew one, and of each way not to be. */
async function sixFaces(): Promise<FaceToPut[]> {
  await put("Ada/1.jpg", await composite("001"));
  await put("moved/bea.jpg", await composite("002"));
  await put("cleo.jpg", await composite("050"));
  await put("group.jpg", await sample("group-4"));
  const chip = await chip144();
  return [
    { name: "Ada", source: "Ada/1.jpg", portrait: chip, consent: "herself, 2026" },
    { name: "Bea", source: "holidays/bea.jpg" },
    // Another's photo under the name of hers.
    { name: "Cleo", source: "cleo.jpg", portrait: chip },
    { name: "Dora", source: "face 0 of a job", portrait: chip },
    { name: "Eve", source: "group.jpg" },
    { name: "Fay", source: "gone.jpg" },
  ];
}

describe("re-enrol", () => {
  it("makes faces anew from their photos, else from their portraits, and says of which it could not", async () => {
    await putOldFaces(mesh, await sixFaces());
    const before = await people();
    expect(await statistics()).toMatchObject({ faces: 6, notSearched: old(6) });
    expect((await command(mesh.dataDir, ["gallery", "stats"])).stdout).toContain(
      `6 faces of ${OLD_MODEL} are not searched: npm run gallery -- re-enrol`,
    );
    const plan = await reEnrol("--photos", folder, "--dry-run");
    expect(plan.code).toBe(1);
    expect(plan.stdout).toContain(`Ada, Ada/1.jpg: from ${join(folder, "Ada/1.jpg")}\n`);
    expect(plan.stdout).toContain(`Bea, holidays/bea.jpg: from ${join(folder, "moved/bea.jpg")}\n`);
    expect(plan.stdout).toContain("Dora, face 0 of a job: from its portrait\n");
    expect(plan.stdout).toMatch(/6 faces are not searched; 5 have a picture/);
    expect(await people()).toEqual(before);

    const report = join(folder, "report.json");
    const ran = await reEnrol("--photos", folder, "--report", report);
    expect(ran.stdout).toMatch(
      /^4 faces made anew in .* s, 2 from photos and 2 from portraits; 2 not: .*1 no_picture/,
    );
    expect(ran.stderr).toMatch(/^Eve, group\.jpg: Its photo has \d+ faces, .* \(several_faces\)$/m);
    expect(ran.stderr).toMatch(/^Fay, gone\.jpg: .* \(no_picture\)$/m);
    expect(ran.code).toBe(1);
    const outcomes = JSON.parse(await readFile(report, "utf8")) as {
      name: string;
      from?: string;
      kind: string;
    }[];
    expect(
      Object.fromEntries(outcomes.map(({ name, kind, from = "" }) => [name, `${kind} ${from}`])),
    ).toEqual({
      Ada: "remade photo",
      Bea: "remade photo",
      Cleo: "remade portrait",
      Dora: "remade portrait",
      Eve: "refused ",
      Fay: "refused ",
    });

    const { model, faces, notSearched } = await statistics();
    expect([faces, notSearched]).toEqual([6, old(2)]);
    const after = await people();
    const kept = ({ id, name, consent, faces: [face] }: Identity) => [id, name, consent, face!.source];
    expect(after.map(kept)).toEqual(before.map(kept));
    expect(after.map((one) => one.faces.map((face) => face.model))).toEqual([
      ...Array.from({ length: 4 }, () => [model]),
      [OLD_MODEL],
      [OLD_MODEL],
    ]);
    // Whose photo was at hand is known by it from now on.
    expect(after.map((one) => one.faces[0]!.photoDigest!.length)).toEqual([43, 43, 0, 0, 0, 0]);
    const job = await gateway.jobs.sendAndWait(new Uint8Array(await composite("001")), 30);
    const match = job.faces[0]!.fields["match"];
    expect(match).toMatchObject({ state: "done", value: { verdict: "very_alike", galleryFaces: 4 } });

    expect((await reEnrol("--photos", folder)).stdout).toMatch(/^0 faces made anew .* 2 not:/);
    expect(await people()).toEqual(after);
  });

  it("takes a face that an earlier run has made as the new one, though that had another picture", async () => {
    await putOldFaces(mesh, [{ name: "Ada", source: "1.jpg", portrait: await chip144() }]);
    const [ada] = await people();
    const as = { identityId: ada!.id };
    const photo = new Uint8Array(await chip144());
    const { jobId } = await gateway.gallery.enrol({ photo, fileName: "1.jpg", consent: "on paper", as });
    const made = await gateway.gallery.enrolled(jobId);
    await put("1.jpg", await composite("001"));
    const ran = await reEnrol("--photos", folder);
    expect([ran.code, ran.stdout]).toEqual([
      0,
      expect.stringMatching(/^0 faces .* 1 had been already; none/),
    ]);
    expect((await people())[0]!.faces.map(({ id }) => id)).toEqual([made]);
    expect((await reEnrol()).stdout).toMatch(/^Every face of the gallery is searched/);
  });

  it("keeps a person's photos apart though all have one source", async () => {
    const identityId = "one-person";
    const faces = ["010", "011"].map(async (number) => {
      return { name: "Ada", identityId, source: "", portrait: await composite(number) };
    });
    await putOldFaces(mesh, await Promise.all(faces));
    expect((await reEnrol()).stdout).toMatch(/^2 faces made anew .* 2 from portraits; none/);
    expect((await people())[0]!.faces.map(({ source }) => source)).toEqual(["", ""]);
  });

  it("goes on where it was killed, and makes nothing twice", async () => {
    const numbers = Array.from({ length: 8 }, (_, i) => String(20 + i).padStart(3, "0"));
    const faces = numbers.map(async (number) => {
      return { name: `N ${number}`, source: `${number}.jpg`, portrait: await composite(number) };
    });
    await putOldFaces(mesh, await Promise.all(faces));
    const killed = spawn(process.execPath, [
      MAIN,
      "gallery",
      "re-enrol",
      "--in-flight",
      "2",
      "--url",
      mesh.url,
    ]);
    await expect.poll(async () => (await statistics()).notSearched, { timeout: 30_000 }).not.toEqual(old(8));
    killed.kill("SIGKILL");
    expect((await reEnrol()).code).toBe(0);
    expect(await statistics()).toMatchObject({ identities: 8, faces: 8, notSearched: [] });
  });

  it("wants a folder that exists, and takes no arguments", async () => {
    expect(await reEnrol("--photos", join(folder, "none"))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no such folder") as string,
    });
    expect((await reEnrol("Ada")).code).toBe(2);
    expect((await reEnrol("--in-flight", "0")).code).toBe(2);
  });
});
