import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ResultEvent } from "@similarfaces/contracts";
import { Gateway } from "@similarfaces/client";
import { natsServerPath } from "../../runtime/test/natsServer.js";
import { sample } from "./client.js";
import { run, type Ended } from "./command.js";
import { startTestMesh, type TestMesh } from "./mesh.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const MAIN = join(ROOT, "services/mesh/dist/main.js");

describe("files on the command line", () => {
  let mesh: TestMesh;
  let folder: string;
  beforeAll(async () => {
    mesh = await startTestMesh();
  });
  afterAll(() => mesh?.stop());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "similarfaces-files-"));
    return () => rm(folder, { recursive: true, force: true });
  });

  /** As npm runs a script: in the repository's folder, with INIT_CWD where the person stands. */
  function fromFolder(...args: string[]): Promise<Ended> {
    const env = { ...process.env, NATS_SERVER: natsServerPath(), DATA_DIR: mesh.dataDir, INIT_CWD: folder };
    return run(process.execPath, [MAIN, ...args], env, ROOT);
  }

  async function put(path: string, bytes: Uint8Array | string): Promise<void> {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }

  const extracting = (...args: string[]) => fromFolder("analyze", "--json", "--stages", "extract", ...args);
  const filesIn = ({ stdout }: Ended) => [
    ...new Set(
      stdout
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as ResultEvent & { file: string }).file),
    ),
  ];

  it("count from where the person stands, with a dash before them too, and from the own folder without npm", async () => {
    const photo = await sample("portrait-1");
    await put("a.jpg", photo);
    await put("-x.jpg", photo);
    for (const args of [
      ["a.jpg", "-x.jpg"],
      ["--", "a.jpg", "-x.jpg"],
    ]) {
      const ran = await extracting(...args);
      expect([ran.code, ran.stderr, filesIn(ran).sort()]).toEqual([0, "", ["-x.jpg", "a.jpg"]]);
    }
    const env = { ...process.env, DATA_DIR: mesh.dataDir, INIT_CWD: ROOT };
    const beside = await run(
      process.execPath,
      [MAIN, "analyze", "--stages", "extract", "a.jpg"],
      env,
      folder,
    );
    expect([beside.code, beside.stderr]).toEqual([0, ""]);
  });

  it("are those of a folder and below it, or that fit a pattern which no shell has expanded", async () => {
    const photo = await sample("portrait-1");
    for (const path of ["photos/1.jpg", "photos/trip/2.JPG", "photos/[3].jpg", "photos/@eaDir/1.jpg"])
      await put(path, photo);
    await put("photos/notes.txt", "no photo");
    const whole = await extracting("photos/");
    expect([whole.code, whole.stderr]).toEqual([0, "photos/: 1 other files are no photos by their names\n"]);
    expect(filesIn(whole).sort()).toEqual(["photos/1.jpg", "photos/[3].jpg", "photos/trip/2.JPG"]);
    expect(filesIn(await extracting("photos/**/[0-9].{jpg,JPG}")).sort()).toEqual([
      "photos/1.jpg",
      "photos/trip/2.JPG",
    ]);
    // A file of that very name comes before a pattern.
    expect(filesIn(await extracting("photos/[3].jpg"))).toEqual(["photos/[3].jpg"]);
    expect(filesIn(await extracting(join(folder, "photos/*.jpg"))).sort()).toEqual([
      join(folder, "photos/1.jpg"),
      join(folder, "photos/[3].jpg"),
    ]);
  });

  it("that are not there are a sentence each, and the others are analysed", async () => {
    await put("a.jpg", await sample("portrait-1"));
    await mkdir(join(folder, "empty"));
    const ran = await extracting("gone.jpg", "empty", "no*.png", "a.jpg");
    expect([ran.code, filesIn(ran)]).toEqual([1, ["a.jpg"]]);
    expect(ran.stderr.trim().split("\n")).toEqual([
      "gone.jpg: there is no such file",
      "empty: there are no photos in it",
      "no*.png: no photo fits this pattern",
    ]);
  });

  it("of every command are a sentence where they are missing, and a wrong option is one too", async () => {
    for (const args of [
      ["gallery", "import", "gone", "--consent", "x"],
      ["gallery", "import", "gone.ndjson"],
      ["gallery", "import", ".", "--consent", "x", "--report", "gone/r.json"],
      ["gallery", "import", "gone", "--skeleton", "people.csv"],
      ["gallery", "export", "gone/all.ndjson"],
      ["models", "eval", "compact", "--data", "gone"],
      ["models", "list", "--dir", "gone"],
      ["analyze", "x.jpg", "--csv", "gone/out.csv"],
      ["analyze", "x.jpg", "--csv", "gone.jpg"],
    ]) {
      const { code, stderr } = await fromFolder(...args);
      expect([args, code, stderr]).toEqual([args, 1, expect.stringContaining(join(folder, "gone"))]);
      expect(stderr.trim().split("\n")).toHaveLength(1);
    }
    await put("a.jpg", await sample("portrait-1"));
    const nowhere = await fromFolder("analyze", "a.jpg", "--url", "nowhere");
    expect(nowhere).toEqual({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^nowhere is no address[^\n]*\n$/),
    });
    const wrong = await fromFolder("analyze", "--jsn", "a.jpg");
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringMatching(/^Unknown option '--jsn'[^\n]*\n$/),
    ]);
  });

  it("whose names would steer a terminal are shown without that", async () => {
    await put("a\u001b[2J.jpg", await sample("portrait-1"));
    await put("b\n.jpg", "these are words");
    const { stdout, stderr } = await fromFolder("analyze", "--stages", "extract", ".");
    expect(stdout).toMatch(/^a\?\[2J\.jpg /);
    expect(stderr).toMatch(/^b\?\.jpg: /);
  });

  it("are written to the table even if nobody reads the rest of what is printed", async () => {
    const photo = await sample("portrait-1");
    for (let i = 0; i < 12; i++) await put(`many/${i}.jpg`, photo);
    const env = { ...process.env, DATA_DIR: mesh.dataDir, INIT_CWD: folder };
    const args = [MAIN, "analyze", "many", "--json", "--stages", "extract"];
    const read = await runUnread([...args, "--csv", "out.csv"], env);
    expect(read).toEqual({ code: 0, stderr: "" });
    expect(parse(await readFile(join(folder, "out.csv"), "utf8"), { columns: true })).toHaveLength(12);
    expect(await runUnread(args, env)).toEqual({ code: 0, stderr: "" });
    const exported = await runUnread([MAIN, "gallery", "export"], env);
    expect(exported.stderr).not.toContain("at ");
  });

  it("of a gallery come from and go to where the person stands", async () => {
    await put("people/Ada/1.jpg", await sample("portrait-1"));
    await put("people/DSC_0001.JPG", await sample("portrait-2"));
    const imported = await fromFolder("gallery", "import", "people", "--consent", "x", "--report", "r.json");
    expect(imported.stdout).toMatch(/^1 faces of 1 people enrolled .* 1 refused/);
    expect(JSON.parse(await readFile(join(folder, "r.json"), "utf8"))).toHaveLength(2);
    await fromFolder("gallery", "import", "people", "--skeleton", "people.csv");
    expect(await readFile(join(folder, "people.csv"), "utf8")).toContain("people/DSC_0001.JPG,");
    expect((await fromFolder("gallery", "export", "all.ndjson")).code).toBe(0);
    expect((await readFile(join(folder, "all.ndjson"), "utf8")).trim().split("\n")).toHaveLength(1);
    expect((await fromFolder("gallery", "delete", "Ada")).code).toBe(0);
  });

  it("of models are packs with a slash, and folders", async () => {
    await cp(join(ROOT, "models/compact/age"), join(folder, "packs/mine/age"), { recursive: true });
    for (const args of [["./packs/mine"], ["--dir", "packs"]]) {
      const { code, stdout } = await fromFolder("models", "list", ...args);
      expect([code, stdout]).toEqual([0, expect.stringContaining("mine/age")]);
    }
  });

  it("become a table of faces beside what is printed, in which nothing is a formula", async () => {
    await put('=1+1,"a".jpg', await sample("group-4"));
    await put("nobody.jpg", await sample("nobody"));
    await put("words.jpg", "these are words");
    const { gallery } = new Gateway({ url: mesh.url });
    const photo = new Uint8Array(await sample("group-4"));
    const as = { name: "@SUM(A1), Ada" };
    const { jobId, identityId } = await gallery.enrol({
      photo,
      fileName: "g.jpg",
      largest: true,
      consent: "x",
      as,
    });
    await gallery.enrolled(jobId);
    const ran = await fromFolder("analyze", ".", "--json", "--csv", "out.csv");
    await gallery.deleteIdentity(identityId);
    expect([ran.code, filesIn(ran).length]).toEqual([1, 2]);
    const text = await readFile(join(folder, "out.csv"), "utf8");
    expect(text.endsWith("\r\n")).toBe(true);
    const rows = parse<Record<string, string>>(text, { columns: true });
    const columns = Object.keys(rows[0]!);
    expect(columns.slice(0, 7)).toEqual(["file", "face", "x", "y", "width", "height", "score"]);
    expect(columns.slice(-6)).toEqual([
      "match",
      "similarity",
      "likeness",
      "false positive rate",
      "likelihood",
      "problem",
    ]);
    const answers = ["quality.score", "age", ...["gender", "race", "emotion"].flatMap(withProbability)];
    expect(columns.slice(7, -6)).toEqual(expect.arrayContaining(answers));
    const faces = rows.filter(({ file }) => file === `'=1+1,"a".jpg`);
    expect(faces.map(({ face }) => face)).toEqual(["1", "2", "3", "4"]);
    const largest = faces.reduce((most, row) => (Number(row["width"]) > Number(most["width"]) ? row : most));
    expect(largest).toMatchObject({ match: "'@SUM(A1), Ada", likeness: "very_alike", problem: "" });
    expect(Number(largest["false positive rate"])).toBeLessThan(0.01);
    expect(Number(largest["likelihood"])).toBeGreaterThan(0.9);
    expect(Number(largest["age"])).toBeGreaterThan(10);
    expect(faces.every(({ match }) => match === "'@SUM(A1), Ada")).toBe(true);
    expect(rows.find(({ file }) => file === "nobody.jpg")).toMatchObject({ face: "", problem: "" });
    expect(rows.find(({ file }) => file === "words.jpg")?.["problem"]).toMatch(/\(unsupported_type\)$/);
  });
});

/** A program whose standard output is closed before it has written any. */
function runUnread(args: string[], env: NodeJS.ProcessEnv): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, args, { env, cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, stderr })));
}

const withProbability = (column: string) => [column, `${column} probability`];
