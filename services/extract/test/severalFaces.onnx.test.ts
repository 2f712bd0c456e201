import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { openExtract, sample } from "./openExtract.js";

const { extract } = openExtract();

const workOf = (enrolment: { largest?: boolean; source?: string }) => ({
  stages: ["extract", "embed", "enrol"],
  options: {
    enrolment: { identityId: "i", name: "Ada", consent: "herself", source: "four.jpg", ...enrolment },
  },
});

/** A portrait, and beside it the same one in this share of its size. */
async function besideSmaller(share: number): Promise<Uint8Array> {
  const portrait = sharp(await sample("portrait-1"));
  const { width, height } = await portrait.metadata();
  const small = await portrait
    .clone()
    .resize(Math.round(width * share))
    .toBuffer();
  return sharp({ create: { width: 2 * width, height, channels: 3, background: "#888" } })
    .composite([
      { input: await portrait.toBuffer(), left: 0, top: 0 },
      { input: small, left: width + 20, top: 20 },
    ])
    .jpeg({ quality: 95 })
    .toBuffer();
}

describe("a photo to enrol that has several faces", () => {
  it("answers with all that may be meant, each on its way to embed, and says how many there are", async () => {
    const { extracted, faces } = await extract({ photo: await sample("group-4"), work: workOf({}) });
    expect(extracted.faces).toHaveLength(4);
    expect(faces.map(({ options }) => options!.enrolment!.candidates)).toEqual([4, 4, 4, 4]);
    // None of them is enrolled by this job.
    expect(faces.map(({ portrait }) => portrait)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("takes nobody for the one who is meant because an installation analyses few faces", async () => {
    const photo = await sample("group-4");
    const { extracted, faces } = await extract({ photo, work: workOf({}), facesMax: 1 });
    expect(extracted.faces).toHaveLength(4);
    expect(faces.map(({ options }) => options!.enrolment!.candidates)).toEqual([4, 4, 4, 4]);
  });

  it("has one face where the largest is meant", async () => {
    const work = workOf({ largest: true });
    const { extracted, faces } = await extract({ photo: await sample("group-4"), work });
    expect(extracted.faces).toHaveLength(1);
    expect(extracted.facesOmitted).toBe(3);
    expect(faces[0]!.options!.enrolment!.candidates).toBe(1);
    expect(faces[0]!.portrait).toBeDefined();
  });

  it.each([
    [0.5, 2],
    [0.25, 1],
  ])("beside a face of %f of its size there are %i who may be meant", async (share, count) => {
    const { extracted } = await extract({ photo: await besideSmaller(share), work: workOf({}) });
    expect(extracted.faces).toHaveLength(count);
    expect(extracted.faces.length + extracted.facesOmitted).toBe(2);
  });

  it("names its file where it fails", async () => {
    const work = workOf({ source: "nobody.jpg" });
    await expect(extract({ photo: await sample("nobody"), work })).rejects.toMatchObject({
      code: "no_face",
      message: expect.stringMatching(/^nobody.jpg: No face/) as string,
    });
  });
});
