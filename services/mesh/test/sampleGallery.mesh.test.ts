import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Gateway } from "@similarfaces/client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTestMesh, type TestMesh } from "./mesh.js";
import { OLD_MODEL, composite, peopleAt, putOldFaces } from "./oldFaces.js";

const CONSENT = "Averaged from many people's photos: nobody's face.";
const WITH_SAMPLES = { SAMPLE_GALLERY: "true" };
let mesh: TestMesh;

beforeEach(async () => {
  mesh = await startTestMesh();
});
afterEach(() => mesh?.stop());

const gallery = () => new Gateway({ url: mesh.url }).gallery;
const people = () => peopleAt(mesh.url);
const progressFile = () => join(mesh.dataDir, "sample-gallery.json");

/** The data folder as the first generation left it, with these samples; the others were deleted by somebody. */
async function putOldSamples(numbers: readonly string[]): Promise<void> {
  const faces = numbers.map(async (number) => ({
    name: `Composite ${number}`,
    source: `composite-${number}.jpg`,
    consent: CONSENT,
    portrait: await composite(number),
  }));
  await putOldFaces(mesh, await Promise.all(faces));
  await writeFile(progressFile(), '{"begun":true,"complete":true,"jobs":{},"done":[]}');
}

describe("the sample gallery of an earlier embedder", () => {
  it("is made anew at the next start, and nothing else is", async () => {
    await putOldSamples(["001", "002", "003"]);
    await putOldFaces(mesh, [{ name: "Ada", source: "composite-004.jpg", consent: "herself" }]);
    // As a start leaves it that ended between the new face and the old one's end.
    const [first] = await people();
    const half = (await people()).find(({ name }) => name === "Composite 002")!;
    const photo = new Uint8Array(await composite("002"));
    const as = { identityId: half.id };
    const { jobId } = await gallery().enrol({ photo, fileName: "composite-002.jpg", consent: CONSENT, as });
    const made = await gallery().enrolled(jobId);
    expect(first!.name).toBe("Ada");

    await mesh.restart(WITH_SAMPLES);
    await mesh.printed(`4 faces of ${OLD_MODEL} are not searched: npm run gallery -- re-enrol`);
    await mesh.printed("The sample gallery is made anew for this embedder: 3 faces.");
    const { model, faces, notSearched } = await gallery().statistics();
    expect([faces, notSearched]).toEqual([4, [{ model: OLD_MODEL, faces: 1 }]]);
    const after = await people();
    expect(after.map(({ name, faces: [face] }) => [name, face!.model, face!.source])).toEqual([
      ["Ada", OLD_MODEL, "composite-004.jpg"],
      ["Composite 001", model, "composite-001.jpg"],
      ["Composite 002", model, "composite-002.jpg"],
      ["Composite 003", model, "composite-003.jpg"],
    ]);
    const metrics = async () => (await fetch(mesh.metricsUrl)).text();
    await expect.poll(metrics, { timeout: 15_000 }).toMatch(/gallery_faces\{[^}]*searched="false"\} 1\n/);
    expect(await metrics()).toMatch(/gallery_faces\{[^}]*searched="true"\} 3\n/);
    expect(after[2]!.faces.map(({ id }) => id)).toEqual([made]);
    await expect.poll(() => readFile(progressFile(), "utf8")).toContain(`"model":"${model}"`);
  });

  it("is made anew once, whatever ends it in between", async () => {
    const numbers = Array.from({ length: 8 }, (_, i) => String(30 + i).padStart(3, "0"));
    await putOldSamples(numbers);
    await mesh.restart(WITH_SAMPLES);
    const left = async () => (await gallery().statistics()).notSearched[0]?.faces ?? 0;
    await expect.poll(left, { timeout: 60_000 }).toBeLessThan(8);
    mesh.kill("supervisor");
    await mesh.restart(WITH_SAMPLES);
    await expect.poll(() => readFile(progressFile(), "utf8"), { timeout: 60_000 }).toContain('"model"');
    expect(await gallery().statistics()).toMatchObject({ identities: 8, faces: 8, notSearched: [] });
  });
});
