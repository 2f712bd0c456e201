import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { sample } from "./client.js";
import { meshWithGallery } from "./galleryCommand.js";

const { api, gallery, importing, inFolder, put, statistics } = meshWithGallery();

interface StoredFace {
  source: string;
  photoDigest: string;
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
    await put("Bad\u0007Name/1.jpg", "never sent");
    await put("Mary_Jackson_0003.jpg", await sample("portrait-2"));
    await put("notes.txt", "not a picture by its name");
    const report = `${inFolder()}.json`;
    const first = await importing("--report", report);
    expect(first.code).toBe(1);
    expect(first.stdout).toMatch(
      /^3 faces of 5 people enrolled .* 1 were in already, 6 refused; 1 other files passed over$/m,
    );
    expect(first.stderr).toMatch(/^notes\.txt: passed over, no photo by its name$/m);
    for (const [source, code] of [
      ["Ada Lovelace/trip/2.jpg", "several_faces"],
      ["Grace Hopper/0-cut.jpg", "undecodable_image"],
      ["Grace Hopper/empty.jpg", "empty_body"],
      ["Nobody/1.jpg", "no_face"],
      ["Nobody/text.png", "unsupported_type"],
      ["Bad\\?Name/1.jpg", "invalid_name"],
    ]) {
      expect(first.stderr).toMatch(new RegExp(`^${source}: .*\\(${code}\\)$`, "m"));
    }
    expect(first.stderr).toMatch(/^Ada Lovelace\/trip\/2\.jpg: The photo has 4 faces\. /m);
    const outcomes = JSON.parse(await readFile(report, "utf8")) as { source: string; kind: string }[];
    await rm(report);
    expect(outcomes.length).toBe(11);
    expect(outcomes.find(({ source }) => source === "notes.txt")?.kind).toBe("passed_over");
    expect(outcomes.find(({ source }) => source === "Mary_Jackson_0003.jpg")?.kind).toBe("enrolled");
    expect(await statistics()).toMatchObject({ identities: 3, faces: 3 });

    expect((await importing("--largest")).stdout).toMatch(/^1 faces .* 4 were in already, 5 refused/);
    expect((await importing("--largest")).stdout).toMatch(/^0 faces .* 5 were in already, 5 refused/);
    await put("Grace Hopper/2.jpg", await sample("group-18"));
    expect((await importing("--largest")).stdout).toMatch(/^1 faces /);
    expect(await statistics()).toMatchObject({ identities: 3, faces: 5 });
  });

  it("knows a photo by its bytes, whatever it is called, and whose it is", async () => {
    await put("Anna Test/photo.jpg", await sample("portrait-1"));
    expect((await importing()).stdout).toMatch(/^1 faces of 1 people enrolled .* 0 were in already/);
    const facesOfAnna = async () =>
      (await api<{ identities: { faces: StoredFace[] }[] }>("identities")).identities[0]!.faces;
    const [first] = await facesOfAnna();
    const digest = createHash("sha256").update(await sample("portrait-1"));
    expect(first!.photoDigest).toBe(digest.digest("base64url"));

    // Another inFolder(), the same path, and another photo in it.
    await put("Anna Test/photo.jpg", await sample("portrait-2"));
    expect((await importing()).stdout).toMatch(/^1 faces of 1 people enrolled .* 0 were in already/);
    // Both are in, under whatever names.
    await rm(inFolder("Anna Test"), { recursive: true });
    await put("Anna Test/renamed.jpg", await sample("portrait-1"));
    await put("Anna_Test_7.jpg", await sample("portrait-2"));
    expect((await importing()).stdout).toMatch(/^0 faces of 1 people .* 2 were in already, 0 refused/);
    expect((await facesOfAnna()).map(({ source }) => source)).toEqual([
      "Anna Test/photo.jpg",
      "Anna Test/photo.jpg",
    ]);

    await put("Bea/1.jpg", await sample("portrait-1"));
    const conflict = await importing();
    expect(conflict.code).toBe(1);
    expect(conflict.stderr).toBe(
      "Bea/1.jpg: The very same photo is Anna Test's in the gallery. (photo_of_another)\n",
    );
    expect(await statistics()).toMatchObject({ identities: 1, faces: 2 });
  });

  it("calls nobody DSC: photos that a camera has named are refused, and a csv is written for their names", async () => {
    await put("DSC_0001.JPG", await sample("portrait-1"));
    await put("DSC_0002.JPG", await sample("portrait-2"));
    await put("Bea.heic", "never sent");
    const refused = await importing();
    expect(refused.code).toBe(1);
    for (const name of ["DSC_0001.JPG", "DSC_0002.JPG"])
      expect(refused.stderr).toMatch(
        new RegExp(`^${name}: A camera has named this photo.* \\(no_name\\)$`, "m"),
      );
    expect(refused.stderr).toMatch(/^Bea\.heic: passed over, HEIC is not read here/m);
    expect(refused.stdout).toContain("2 photos have no name: --skeleton people.csv");
    expect(await statistics()).toMatchObject({ identities: 0, faces: 0 });

    const csv = inFolder("people.csv");
    const written = await gallery("import", inFolder(), "--skeleton", csv);
    expect(written).toMatchObject({ code: 0, stdout: expect.stringContaining("2 photos are in") as string });
    const text = await readFile(csv, "utf8");
    expect(text).toBe("file,name\r\nDSC_0001.JPG,\r\nDSC_0002.JPG,\r\n");
    await writeFile(csv, text.replace("1.JPG,", "1.JPG,Ada").replace("2.JPG,", "2.JPG,Bea"));
    expect((await gallery("import", csv, "--consent", "both")).stdout).toMatch(/^2 faces of 2 people/);
    const again = await gallery("import", inFolder(), "--skeleton", csv);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("is there already") as string });
  });

  it("of a csv that is not UTF-8 is refused with the line, and nothing is stored", async () => {
    await put("a b.jpg", await sample("portrait-1"));
    await writeFile(inFolder("latin1.csv"), "file,name\na b.jpg,Zo\u00eb\n", "latin1");
    const ran = await gallery("import", inFolder("latin1.csv"), "--consent", "x");
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringMatching(/latin1\.csv: line 2 is not UTF-8/)]);
    expect(await statistics()).toMatchObject({ identities: 0, faces: 0 });
  });

  it("of a csv goes by its columns", async () => {
    await put("a.jpg", await sample("portrait-1"));
    await put("b.jpg", await sample("group-4"));
    await put(
      "people.csv",
      '\ufefffile,name,consent\na.jpg,"Lovelace, Ada",on paper\nb.jpg,Bea,\ngone.jpg,Cy,\n',
    );
    const ran = await gallery("import", inFolder("people.csv"), "--consent", "for all", "--largest");
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
    const bad = await gallery("import", inFolder("bad.csv"), "--consent", "x");
    expect([bad.code, bad.stderr]).toEqual([1, expect.stringContaining("row 1 has no file")]);
  });

  it("of names that differ in their capital letters is of one person, though they come at once", async () => {
    await put("1.jpg", await sample("portrait-1"));
    await put("2.jpg", await sample("portrait-2"));
    await put("people.csv", "file,name\n1.jpg,Ada\n2.jpg,ADA\n");
    const ran = await gallery("import", inFolder("people.csv"), "--consent", "herself");
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringMatching(/^2 faces of 2 people enrolled/)]);
    expect(await statistics()).toMatchObject({ identities: 1, faces: 2 });
  });

  it("wants to know who agreed, and what exists", async () => {
    expect(await gallery("import", inFolder())).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--consent") as string,
    });
    expect(await gallery("import", inFolder("none"), "--consent", "x")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no such file") as string,
    });
    expect((await gallery("import")).code).toBe(2);
    expect((await gallery("frobnicate")).stderr).toContain("npm run gallery");
  });
});
