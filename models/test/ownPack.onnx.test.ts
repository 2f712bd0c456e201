import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { listPack, openInference, pullModel, verifyModel, type Manifest } from "@similarfaces/inference";

const MODELS = fileURLToPath(new URL("..", import.meta.url));
const SIDE = 144;

/**
 * Stands in for EdgeFace-XS, with its input and output: float [n, 3, 112, 112] -> the means of its squares of 8x8, plane by plane,
 * the first 512 of 588. Made with onnx.helper: AveragePool, Flatten, Slice; opset 17.
 */
const GRAPH = Buffer.from(
  "CAg63gEKQAoFaW5wdXQSAXAiC0F2ZXJhZ2VQb29sKhUKDGtlcm5lbF9zaGFwZUAIQAigAQcqEAoHc3RyaWRlc0AIQAigAQcKDwoBcBIBZiIHRmxhdHRlbgoeCgFmCgFhCgFiCgFjEgllbWJlZGRpbmciBVNsaWNlEgNvd24qCggBEAc6AQBCAWEqCwgBEAc6AoAEQgFiKgoIARAHOgEBQgFjWiAKBWlucHV0EhcKFQgBEhEKAxIBbgoCCAMKAghwCgIIcGIdCgllbWJlZGRpbmcSEAoOCAESCgoDEgFuCgMIgARCBAoAEBE=",
  "base64",
);

let modelsDir: string;

beforeEach(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), "similarfaces-own-"));
  await cp(join(MODELS, "compact", "detect"), join(modelsDir, "compact", "detect"), { recursive: true });
});
afterEach(() => rm(modelsDir, { recursive: true, force: true }));

it("the README's own pack runs as its manifest says, beside compact's detector, without a line of code", async () => {
  const readme = await readFile(join(MODELS, "README.md"), "utf8");
  const example = JSON.parse(/```json\n([\s\S]*?)```/.exec(readme)![1]!) as Manifest;
  const manifest = {
    ...example,
    bytes: GRAPH.byteLength,
    sha256: createHash("sha256").update(GRAPH).digest("hex"),
  };
  const downloads = join(modelsDir, "downloads");
  await mkdir(join(modelsDir, "own", "embed"), { recursive: true });
  await mkdir(downloads);
  await writeFile(join(modelsDir, "own", "embed", "manifest.json"), JSON.stringify(manifest));
  await writeFile(join(downloads, example.file), GRAPH);

  const [entry] = await listPack(modelsDir, "own");
  expect(await pullModel(entry!, { from: downloads })).toBe("pulled");
  expect((await verifyModel(entry!)).problem).toBeUndefined();

  const inference = await openInference({
    modelsDir,
    models: ["detect", "embed"],
    pack: "compact",
    packs: { embed: "own" },
    workers: 1,
  });
  try {
    expect(inference.model("detect").name).toBe("compact-detect@1.0.0");
    expect(inference.model("embed").name).toBe("edgeface-xs@1.0.0");
    const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * 7 + (i >> 9) * 13) & 255);
    const expected = Array.from({ length: 512 }, (_, i) => meanOfSquare(pixels, i));
    const { outputs } = await inference.model("embed").predict({ pixels, width: SIDE, height: SIDE });
    const { data, dims } = outputs["embedding"]!;
    expect(dims).toEqual([1, 512]);
    expect(Math.max(...data.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(1e-5);
  } finally {
    await inference.close();
  }
});

/** Of x / 127.5 - 1 over a square of 8x8 of the chip's central 112x112; squares row by row, planes R, G, B. */
function meanOfSquare(pixels: Uint8Array, index: number): number {
  const plane = Math.floor(index / 196);
  const row = Math.floor((index % 196) / 14);
  const column = index % 14;
  let sum = 0;
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) {
      const at = ((16 + row * 8 + y) * SIDE + 16 + column * 8 + x) * 3 + plane;
      sum += pixels[at]! / 127.5 - 1;
    }
  }
  return sum / 64;
}
