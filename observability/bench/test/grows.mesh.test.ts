import { fileURLToPath } from "node:url";
import { decodePhoto } from "@similarfaces/extract";
import { beforeAll, describe, expect, it } from "vitest";
import { natsServerPath } from "../../../services/runtime/test/natsServer.js";
import { benchGrows } from "../src/grows/grows.js";
import { madePhotos } from "../src/grows/madePhotos.js";
import { readMix } from "../src/pipeline.js";

const modelsDir = fileURLToPath(new URL("../../../models", import.meta.url));

describe("grows, in short", { timeout: 240_000 }, () => {
  beforeAll(() => {
    process.env["NATS_SERVER"] ??= natsServerPath();
    process.env["JOB_DEADLINE_MS"] = "200000";
  });

  it("has a row for each number of clients and each size of the gallery", async () => {
    const mix = await readMix({ modelsDir, mix: "portrait-1" });
    const only = ["clients", "gallery"] as const;
    const { rows, galleryMaxMib } = await benchGrows({ modelsDir, only, mix, roundMs: 200, sizes: [1, 70] });
    const places = rows.map(({ axis, at }) => `${axis} ${at}`);
    expect(places).toEqual(["clients 1", "clients 2", "clients 4", "clients 8", "gallery 1", "gallery 70"]);
    for (const { axis, at, ms } of rows) expect(ms, `${axis} ${at}`).toBeGreaterThan(0);
    expect(galleryMaxMib).toBe(384);
  });

  it("makes photos of the size that is wanted, the same each time", async () => {
    const recipe = { size: { width: 640, height: 480 }, faces: 4 };
    const [once, again] = await madePhotos(modelsDir, [recipe, recipe]);
    const { width, height } = await decodePhoto(once!);
    expect([width, height]).toEqual([640, 480]);
    expect(Buffer.compare(once!, again!)).toBe(0);
  });
});
