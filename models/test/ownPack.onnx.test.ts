import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  listPack,
  loadManifest,
  openInference,
  pullModel,
  verifyModel,
  type Inference,
} from "@similarfaces/inference";

const MODELS = fileURLToPath(new URL("..", import.meta.url));

/**
 * Stands in for the graph of mobilefacenet, with its input and output: float [1, 3, 112, 112] -> the means of its squares of 8x8, plane by
 * plane, the first 512 of 588. Made with onnx.helper: AveragePool, Flatten, Slice; opset 17.
 */
const GRAPH = Buffer.from(
  "CAg6mAIKQAoFaW5wdXQSAXAiC0F2ZXJhZ2VQb29sKhUKDGtlcm5lbF9zaGFwZUAIQAigAQcqEAoHc3RyaWRlc0AIQAigAQcKDwoBcBIBZiIHRmxhdHRlbgogEgFhIghDb25zdGFudCoRCgp2YWx1ZV9pbnRzQACgAQcKIRIBYiIIQ29uc3RhbnQqEgoKdmFsdWVfaW50c0CABKABBwogEgFjIghDb25zdGFudCoRCgp2YWx1ZV9pbnRzQAGgAQcKGwoBZgoBYQoBYgoBYxIGb3V0cHV0IgVTbGljZRIDb3duWh8KBWlucHV0EhYKFAgBEhAKAggBCgIIAwoCCHAKAghwYhkKBm91dHB1dBIPCg0IARIJCgIIAQoDCIAEQgQKABAR",
  "base64",
);

let modelsDir: string;
let inference: Inference | undefined;

beforeEach(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), "similarfaces-own-"));
  await cp(join(MODELS, "compact", "detect"), join(modelsDir, "compact", "detect"), { recursive: true });
});
afterEach(async () => {
  await inference?.close();
  await rm(modelsDir, { recursive: true, force: true });
});

it("the example of a pack of one's own runs as its manifest says, beside compact's detector, without a line of code", async () => {
  const example = await loadManifest(join(MODELS, "mobilefacenet", "embed"));
  const downloads = join(modelsDir, "downloads");
  await mkdir(join(downloads, "package", "model"), { recursive: true });
  await writeFile(join(downloads, "package", "model", "fr_feature.onnx"), GRAPH);
  execFileSync("tar", ["-czf", join(downloads, "faceplugin-1.0.3.tgz"), "-C", downloads, "package"]);
  const [variant] = example.variants;
  const manifest = {
    ...example,
    variants: [
      {
        ...variant,
        bytes: GRAPH.byteLength,
        sha256: createHash("sha256").update(GRAPH).digest("hex"),
        integrity: integrityOf(await readFile(join(downloads, "faceplugin-1.0.3.tgz"))),
      },
    ],
  };
  await mkdir(join(modelsDir, "mobilefacenet", "embed"), { recursive: true });
  await writeFile(join(modelsDir, "mobilefacenet", "embed", "manifest.json"), JSON.stringify(manifest));

  const [entry] = await listPack(modelsDir, "mobilefacenet");
  expect(await pullModel(entry!, { from: downloads })).toBe("pulled");
  expect((await verifyModel(entry!)).problem).toBeUndefined();

  inference = await openInference({
    modelsDir,
    models: ["detect", "embed"],
    pack: "compact",
    packs: { embed: "mobilefacenet" },
    precision: { usual: "float32", of: {} },
    workers: 1,
  });
  expect(inference.model("detect").name).toBe("compact-detect@2.0.0+float32");
  expect(inference.model("embed").name).toBe("mobilefacenet@1.0.3");
  for (const side of [112, 144]) {
    const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * 7 + (i >> 9) * 13) & 255);
    const expected = Array.from({ length: 512 }, (_, i) => meanOfSquare(pixels, side, i));
    const { outputs } = await inference.model("embed").predict({ pixels, width: side, height: side });
    const { data, dims } = outputs["output"]!;
    expect(dims).toEqual([1, 512]);
    expect(Math.max(...data.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(1e-5);
  }
});

/** As npm writes it. */
const integrityOf = (bytes: Buffer) => `sha512-${createHash("sha512").update(bytes).digest("base64")}`;

/** Of (x - 127) / 128 over a square of 8x8 of the chip's central 112x112; squares row by row, planes B, G, R. */
function meanOfSquare(pixels: Uint8Array, side: number, index: number): number {
  const edge = (side - 112) / 2;
  const colour = 2 - Math.floor(index / 196);
  const row = Math.floor((index % 196) / 14);
  const column = index % 14;
  let sum = 0;
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) {
      const at = ((edge + row * 8 + y) * side + edge + column * 8 + x) * 3 + colour;
      sum += (pixels[at]! - 127) / 128;
    }
  }
  return sum / 64;
}
