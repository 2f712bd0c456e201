import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { NewPhoto } from "@similarfaces/client";
import { importPhotos, type Outcome } from "../src/gallery/importPhotos.js";
import { peopleOfCsv, peopleOfFolder, type Photo } from "../src/gallery/people.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "similarfaces-people-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), "");
  }
}

it("people are subfolders, and names of files beside them", async () => {
  await put(
    "Ada/1.jpg",
    "Ada/trip/2.JPG",
    "Bea_1.png",
    "Bea_2.png",
    ".hidden/1.jpg",
    "Ada/.DS_Store",
    "notes.txt",
    "Ada/x.mov",
  );
  const { people, otherFiles } = await peopleOfFolder(folder);
  expect(people.map(({ name, photos }) => [name, photos.map(({ source }) => source)])).toEqual([
    ["Ada", ["Ada/1.jpg", "Ada/trip/2.JPG"]],
    ["Bea", ["Bea_1.png", "Bea_2.png"]],
  ]);
  expect(otherFiles).toBe(2);
});

it("names are composed, so that a folder of another system is the same person", async () => {
  await put("Zoe\u0308/1.jpg");
  expect((await peopleOfFolder(folder)).people).toMatchObject([
    { name: "Zo\u00eb", photos: [{ source: "Zo\u00eb/1.jpg" }] },
  ]);
});

it("a csv may say consent and source, and refuses what is none", async () => {
  const csv = join(folder, "people.csv");
  await writeFile(csv, 'file,name,source,consent\nx/1.jpg,"O\'Neil, ""Zoe""",badge 7,on paper\n');
  expect(await peopleOfCsv(csv)).toEqual({
    otherFiles: 0,
    people: [
      {
        name: 'O\'Neil, "Zoe"',
        consent: "on paper",
        photos: [{ path: join(folder, "x/1.jpg"), source: "badge 7" }],
      },
    ],
  });
  await writeFile(csv, "picture,who\n1.jpg,Ada\n");
  await expect(peopleOfCsv(csv)).rejects.toThrow(/row 1 has no file.*file,name/);
  await writeFile(csv, 'file,name\n"1.jpg,Ada\n');
  await expect(peopleOfCsv(csv)).rejects.toThrow(/people\.csv: /);
});

it("what the gallery would not take is said before anything is sent, person by person", async () => {
  await put("Ada/1.jpg", "\u202eadA/1.jpg", "\u202eadA/2.jpg");
  const { people } = await peopleOfFolder(folder);
  const sent: string[] = [];
  const gallery = {
    async *identities() {},
    async enrol({ as }: NewPhoto) {
      sent.push("name" in as ? as.name : as.identityId);
      return { identityId: "i", jobId: "j" };
    },
    enrolled: async () => "f",
  };
  const outcomes: string[] = [];
  const onPhoto = ({ source }: Photo, outcome: Outcome) =>
    void outcomes.push(`${source}: ${outcome.kind === "refused" ? outcome.code : outcome.kind}`);
  await importPhotos({ gallery, people, consent: "signed\nby all", inFlight: 2, onPhoto });
  expect(sent).toEqual(["Ada"]);
  expect(outcomes.sort()).toEqual([
    "Ada/1.jpg: enrolled",
    "\u202eadA/1.jpg: invalid_name",
    "\u202eadA/2.jpg: invalid_name",
  ]);
});
