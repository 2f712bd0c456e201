import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { checkManifest } from "./checkManifest.js";
import { refuseExternalData } from "./externalData.js";
import { PackError, type Manifest, type Variant } from "./manifest.js";

/** A model of a pack, read and verified: what is in `graph` is what runs. */
export interface LoadedModel {
  /** It is opened by the name of its folder. */
  name: string;
  /** Where it lies; what is wrong with it names the file. */
  folder: string;
  manifest: Manifest;
  variant: Variant;
  graph: Uint8Array;
}

/**
 * Reads a variant of the model in a folder and verifies its digest, and that the graph needs no other file.
 * @throws PackError
 */
export async function loadModel(
  folder: string,
  { manifest, variant }: Pick<LoadedModel, "manifest" | "variant">,
): Promise<LoadedModel> {
  const path = join(folder, variant.file);
  const graph = await readFile(path).catch((cause: unknown) => {
    const hint = variant.url ? `; fetch it with: npm run models -- pull ${basename(dirname(folder))}` : "";
    throw new PackError(`${path}: the file that the manifest names is missing${hint}`, { cause });
  });
  verifyDigest(path, variant, graph);
  refuseExternalData(path, graph);
  return { name: basename(folder), folder, manifest, variant, graph };
}

/** @throws PackError where there is none, and for the first field that does not fit */
export async function loadManifest(folder: string): Promise<Manifest> {
  const path = join(folder, "manifest.json");
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    const [pack, name] = [basename(dirname(folder)), basename(folder)];
    throw new PackError(`${path}: there is no such file; the pack "${pack}" has no model for ${name}`, {
      cause,
    });
  });
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (cause) {
    throw new PackError(`${path}: this is not JSON`, { cause });
  }
  const validate = await manifestValidator();
  if (!validate(manifest)) throw new PackError(`${path}: ${sentenceOf(validate.errors ?? [], manifest)}`);
  const problem = checkManifest(manifest as Manifest, basename(folder));
  if (problem !== undefined) throw new PackError(`${path}: ${problem}`);
  return manifest as Manifest;
}

/** @throws PackError with the field that does not fit */
function verifyDigest(path: string, { sha256, bytes }: Variant, graph: Uint8Array): void {
  if (graph.byteLength !== bytes) {
    throw new PackError(`${path}: has ${graph.byteLength} bytes, the manifest's field bytes says ${bytes}`);
  }
  const digest = createHash("sha256").update(graph).digest("hex");
  if (digest !== sha256) {
    throw new PackError(`${path}: its SHA-256 is ${digest}, the manifest's field sha256 says ${sha256}`);
  }
}

let validator: Promise<ValidateFunction> | undefined;

/** The schema of this version of the program, wherever the packs lie. */
function manifestValidator(): Promise<ValidateFunction> {
  const schema = fileURLToPath(new URL("../../../../models/manifest.schema.json", import.meta.url));
  validator ??= readFile(schema, "utf8").then((text) =>
    // The schema itself is checked by a test: compiling the schema of schemas would take as long as the rest of it.
    new Ajv({ strictTypes: false, strictRequired: false, meta: false, validateSchema: false }).compile(
      JSON.parse(text) as object,
    ),
  );
  return validator;
}

/** Keywords that say that one of several forms does not fit, but not what of it: that is another error of the list. */
const OF_FORMS = ["if", "oneOf", "anyOf"];

function sentenceOf(errors: readonly ErrorObject[], manifest: unknown): string {
  const error = errors.find(({ keyword }) => !OF_FORMS.includes(keyword)) ?? errors[0];
  if (!error) return "the manifest does not fit its schema";
  const inside = error.instancePath.slice(1).replaceAll("/", ".");
  if (error.keyword === "false schema") {
    return `field ${inside} is none of a model whose field task is "${(manifest as Manifest).task}"`;
  }
  const missing = error.params["missingProperty"] as string | undefined;
  if (missing !== undefined) return `field ${inside === "" ? missing : `${inside}.${missing}`} is missing`;
  const field = inside || "manifest";
  const extra = error.params["additionalProperty"] as string | undefined;
  return `field ${field} ${error.message ?? "does not fit"}${extra ? ` ("${extra}")` : ""}`;
}
