import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NewPhoto } from "@similarfaces/client";
import type { Photo } from "../src/gallery/folder.js";
import { importPhotos, type Outcome } from "../src/gallery/importPhotos.js";
import { peopleOfCsv, peopleOfFolder } from "../src/gallery/people.js";
import { writeSkeleton } from "../src/gallery/skeleton.js";

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
  await put("Ada/1.jpg", "Ada/trip/2.JPG", "Ada/3.jfif", "Ada/4.jpe", "Bea_1.png", "Bea_2.png");
  const { people, unnamed } = await peopleOfFolder(folder);
  expect(people.map(({ name, photos }) => [name, photos.map(({ source }) => source)])).toEqual([
    ["Ada", ["Ada/1.jpg", "Ada/3.jfif", "Ada/4.jpe", "Ada/trip/2.JPG"]],
    ["Bea", ["Bea_1.png", "Bea_2.png"]],
  ]);
  expect(unnamed).toEqual([]);
});

it("pictures that a camera has named are nobody's, but in a folder that has a name", async () => {
  await put("DSC_0001.JPG", "IMG_20240101_120000.jpg", "DCIM/100APPLE/IMG_0001.JPG", "Ada/DSC_0002.JPG");
  const { people, unnamed } = await peopleOfFolder(folder);
  expect(people).toMatchObject([{ name: "Ada", photos: [{ source: "Ada/DSC_0002.JPG" }] }]);
  expect(unnamed.map(({ source }) => source)).toEqual([
    "DCIM/100APPLE/IMG_0001.JPG",
    "DSC_0001.JPG",
    "IMG_20240101_120000.jpg",
  ]);
});

it("what is passed over is listed with the reason, and what a system has put there is counted", async () => {
  await put(
    "Ada/1.jpg",
    "Ada/2.heic",
    "Ada/3.cr3",
    "Ada/4.mov",
    "notes.txt",
    ".hidden/1.jpg",
    "Ada/.DS_Store",
    "Ada/._1.jpg",
    "Ada/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg",
    "#recycle/Ada/1.jpg",
    "lost+found/1.jpg",
    "__MACOSX/Ada/1.jpg",
    "Ada/Thumbs.db",
  );
  await symlink(folder, join(folder, "Ada/round"));
  const { people, passedOver, systemFiles } = await peopleOfFolder(folder);
  expect(people).toMatchObject([{ name: "Ada", photos: [{ source: "Ada/1.jpg" }] }]);
  expect(people).toHaveLength(1);
  expect(passedOver).toEqual([
    { source: "Ada/2.heic", reason: expect.stringMatching(/^HEIC is not read here/) as string },
    { source: "Ada/3.cr3", reason: expect.stringContaining("raw file") as string },
    { source: "Ada/4.mov", reason: "a video" },
    { source: "Ada/round", reason: "a link to a folder" },
    { source: "notes.txt", reason: "no photo by its name" },
  ]);
  expect(systemFiles).toBe(8);
});

it("names are composed, so that a folder of another system is the same person", async () => {
  await put("Zoe\u0308/1.jpg");
  expect((await peopleOfFolder(folder)).people).toMatchObject([
    { name: "Zo\u00eb", photos: [{ source: "Zo\u00eb/1.jpg" }] },
  ]);
});

describe("a csv", () => {
  it("may say consent and source, and refuses what is none", async () => {
    const csv = join(folder, "people.csv");
    await writeFile(csv, 'file,name,source,consent\nx/1.jpg,"O\'Neil, ""Zoe""",badge 7,on paper\n');
    expect((await peopleOfCsv(csv)).people).toEqual([
      {
        name: 'O\'Neil, "Zoe"',
        consent: "on paper",
        photos: [{ path: join(folder, "x/1.jpg"), source: "badge 7" }],
      },
    ]);
    await writeFile(csv, "picture,who\n1.jpg,Ada\n");
    await expect(peopleOfCsv(csv)).rejects.toThrow(/row 1 has no file.*file,name/);
    await writeFile(csv, 'file,name\n"1.jpg,Ada\n');
    await expect(peopleOfCsv(csv)).rejects.toThrow(/people\.csv: /);
  });

  it("that is not UTF-8 is refused with its line", async () => {
    const csv = join(folder, "people.csv");
    for (const [text, encoding, line] of [
      ["file,name\na b.jpg,Zo\u00eb\n", "latin1", 2],
      ["file,name\n1.jpg,Ada\n2.jpg,Bj\u00f6rn", "latin1", 3],
      ["\ufefffile,name\n1.jpg,Ada\n", "utf16le", 1],
    ] as const) {
      await writeFile(csv, text, encoding);
      await expect(peopleOfCsv(csv)).rejects.toThrow(new RegExp(`people\\.csv: line ${line} is not UTF-8`));
    }
  });

  it("is written for the photos without a name, and with names in it is imported", async () => {
    await put("roll/DSC_0001.JPG", "roll/IMG_2, copy.JPG", "roll/=1+1/x.jpg");
    const photos = ["DSC_0001.JPG", "IMG_2, copy.JPG", "=1+1/x.jpg"].map((source) => ({
      path: join(folder, "roll", source),
      source,
    }));
    const beside = join(folder, "people.csv");
    await writeSkeleton(beside, photos);
    expect(await readFile(beside, "utf8")).toBe(
      'file,name\r\nroll/DSC_0001.JPG,\r\n"roll/IMG_2, copy.JPG",\r\nroll/=1+1/x.jpg,\r\n',
    );
    await expect(writeSkeleton(beside, photos)).rejects.toThrow(/people\.csv is there already/);
    const within = join(folder, "roll/people.csv");
    await writeSkeleton(within, photos);
    const text = await readFile(within, "utf8");
    expect(text.split("\r\n")[3]).toBe("./=1+1/x.jpg,");
    await writeFile(within, text.replaceAll(",\r\n", ",Ada\r\n"));
    expect((await peopleOfCsv(within)).people).toEqual([{ name: "Ada", photos }]);
  });
});

describe("an import", () => {
  interface Known {
    id: string;
    name: string;
    faces: { id: string; model: string; createdAtMs: number; source: string; photoDigest: string }[];
  }

  async function imported(known: Known[] = []): Promise<{ sent: string[]; outcomes: string[] }> {
    const { people } = await peopleOfFolder(folder);
    const sent: string[] = [];
    const outcomes: string[] = [];
    const gallery = {
      async *identities() {
        yield* known.map((one) => ({ ...one, createdAtMs: 1 }));
      },
      statistics: async () => ({
        identities: 0,
        faces: 0,
        driver: "nats",
        model: "m@2",
        notSearched: [{ model: "m@1", faces: 1 }],
        deleting: { identities: 0, faces: 0 },
      }),
      async enrol({ as, source }: NewPhoto) {
        sent.push(`${source} as ${"name" in as ? as.name : as.identityId}`);
        return { identityId: "i", jobId: source! };
      },
      enrolled: async (jobId: string) => `face of ${jobId}`,
    };
    await importPhotos({
      gallery,
      people,
      consent: "signed\nby all",
      largest: false,
      inFlight: 2,
      onRead() {},
      onPhoto: ({ source }: Photo, outcome: Outcome) =>
        void outcomes.push(`${source}: ${outcome.kind === "refused" ? outcome.code : outcome.kind}`),
    });
    return { sent: sent.sort(), outcomes: outcomes.sort() };
  }

  it("says what the gallery would not take before anything is sent, person by person", async () => {
    await put("Ada/1.jpg", "\u202eadA/1.jpg", "\u202eadA/2.jpg");
    await writeFile(join(folder, "Ada/1.jpg"), "one");
    expect(await imported()).toEqual({
      sent: ["Ada/1.jpg as Ada"],
      outcomes: ["Ada/1.jpg: enrolled", "\u202eadA/1.jpg: invalid_name", "\u202eadA/2.jpg: invalid_name"],
    });
  });

  it("knows photos by their bytes, and names those that are two people's", async () => {
    await put("Ada/photo.jpg", "Ada/renamed.jpg", "Ada/old.jpg", "Bea/1.jpg", "Bea/2.jpg", "Cy/1.jpg");
    for (const [path, text] of [
      ["Ada/photo.jpg", "another"],
      ["Ada/renamed.jpg", "one"],
      ["Ada/old.jpg", "of an earlier embedder"],
      ["Bea/1.jpg", "one"],
      ["Bea/2.jpg", "shared"],
      ["Cy/1.jpg", "shared"],
    ] as const)
      await writeFile(join(folder, path), text);
    // printf one | openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d =
    const photoDigest = "dpLDrTVAu4A8Ags67mbNiIcSMjTqDG5xQ8Ct1z_0Me0";
    const { sent, outcomes } = await imported([
      {
        id: "ada",
        name: "Ada",
        faces: [
          { id: "f1", model: "m@2", createdAtMs: 1, source: "Ada/photo.jpg", photoDigest },
          { id: "f2", model: "m@1", createdAtMs: 1, source: "Ada/old.jpg", photoDigest: "" },
        ],
      },
    ]);
    expect(sent).toEqual(["Ada/photo.jpg as ada"]);
    expect(outcomes).toEqual([
      "Ada/old.jpg: known",
      "Ada/photo.jpg: enrolled",
      "Ada/renamed.jpg: known",
      "Bea/1.jpg: photo_of_another",
      "Bea/2.jpg: photo_of_another",
      "Cy/1.jpg: photo_of_another",
    ]);
  });
});
