import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { MODELS, openExtract, sample } from "./openExtract.js";

const { extract } = openExtract();

/** Wheels with spokes, sockets of two holes and an earth, and faces of clocks, as JPEG. The stage's libvips draws no SVG. */
async function drawings(): Promise<Buffer> {
  const [width, height] = [800, 600];
  const pixels = new Uint8Array(width * height * 3).fill(140);
  const disc = (x: number, y: number, radius: number, grey: number) => {
    for (let row = Math.ceil(y - radius); row <= y + radius; row++) {
      const reach = Math.sqrt(radius ** 2 - (row - y) ** 2);
      const [from, to] = [Math.round(x - reach), Math.round(x + reach)];
      pixels.fill(grey, (row * width + from) * 3, (row * width + to) * 3);
    }
  };
  const around = (x: number, y: number, count: number, away: number, radius: number, grey: number) => {
    for (let i = 0; i < count; i++) {
      const angle = (2 * Math.PI * i) / count;
      disc(x + away * Math.sin(angle), y - away * Math.cos(angle), radius, grey);
    }
  };
  const wheel = (x: number, y: number) => {
    for (const [radius, grey] of [
      [85, 30],
      [60, 185],
      [12, 80],
    ] as const)
      disc(x, y, radius, grey);
    for (let away = 12; away < 60; away++) around(x, y, 5, away, 4, 80);
  };
  const socket = (x: number, y: number) => {
    disc(x, y, 80, 225);
    for (const [dx, dy] of [
      [-26, -18],
      [26, -18],
      [0, 28],
    ] as const)
      disc(x + dx, y + dy, 10, 26);
  };
  const clock = (x: number, y: number) => {
    for (const [radius, grey] of [
      [82, 90],
      [70, 240],
      [6, 30],
    ] as const)
      disc(x, y, radius, grey);
    around(x, y, 12, 58, 5, 30);
    for (let i = 0; i < 45; i++) disc(x, y - i, 3, 30);
    for (let i = 0; i < 30; i++) disc(x + i, y + i / 2, 3, 30);
  };
  for (let i = 0; i < 12; i++) {
    [wheel, socket, clock][i % 3]!(110 + (i % 4) * 195, 110 + Math.floor(i / 4) * 190);
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .blur(1)
    .jpeg({ quality: 95 })
    .toBuffer();
}

describe("what is a face", () => {
  it("is no wheel, no socket and no clock, whatever the detector makes of them", async () => {
    const photo = await drawings();
    expect((await extract({ photo })).extracted.faces).toEqual([]);
  });

  it("is each of twenty small ones in a large photo once, though frame and tiles propose it", async () => {
    const size = { width: 4000, height: 3000 };
    const places = Array.from({ length: 20 }, (_, i) => ({
      left: 250 + (i % 5) * 750,
      top: 250 + Math.floor(i / 5) * 700,
    }));
    const wall = sharp({ create: { ...size, channels: 3, background: "#777" } });
    const portraits = await Promise.all(
      places.map(async (place, i) => {
        const file = `${MODELS}/samples/gallery/composite-${String(i + 1).padStart(3, "0")}.jpg`;
        return { input: await sharp(file).resize(48).toBuffer(), ...place };
      }),
    );
    const photo = await wall.composite(portraits).jpeg({ quality: 95 }).toBuffer();
    const { faces } = (await extract({ photo })).extracted;
    expect(faces).toHaveLength(20);
    for (const { left, top } of places) {
      const here = faces.filter(
        ({ box }) =>
          Math.hypot(box!.x + box!.width / 2 - left - 24, box!.y + box!.height / 2 - top - 24) < 12,
      );
      expect(here).toHaveLength(1);
      expect(Math.sqrt(here[0]!.box!.width * here[0]!.box!.height)).toBeLessThan(45);
    }
  });

  it("is what scores enough for the job, or for the deployment where the job says nothing", async () => {
    const photo = await sample("group-4");
    const scores = (await extract({ photo })).extracted.faces.map(({ score }) => score);
    const between = (Math.min(...scores) + Math.max(...scores)) / 2;
    const above = scores.filter((score) => score >= between).length;
    const found = async (asked: { minScore?: number; faceScoreMin?: number }) => {
      const { minScore = 0, faceScoreMin = 0 } = asked;
      return (await extract({ photo, work: { options: { minScore } }, faceScoreMin })).extracted.faces.length;
    };
    expect(above).toBeLessThan(4);
    expect(await found({ minScore: between })).toBe(above);
    expect(await found({ faceScoreMin: between })).toBe(above);
    expect(await found({ minScore: 0.6, faceScoreMin: 1 })).toBe(4);
    expect(await found({ faceScoreMin: 1 })).toBe(0);
  });

  it("is said by both models, whose names the result has", async () => {
    const { output } = await extract({ photo: await sample("portrait-1") });
    expect(output.model).toMatch(/^compact-detect@2\.0\.0\+\w+, compact-refine@2\.0\.0\+\w+$/);
  });
});
