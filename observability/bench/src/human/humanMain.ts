import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { decodePhoto } from "@similarfaces/extract";
import { answerQuestions } from "../askedProcess.js";
import { spentRound } from "../spentRound.js";
import type { HumanHello, HumanQuestion } from "./humanProcess.js";

/** What is used of human, whose types come with it. */
interface Human {
  version: string;
  tf: {
    version: Record<string, string>;
    getBackend(): string;
    tensor3d(pixels: Uint8Array, shape: number[], type: "int32"): { dispose(): void };
  };
  models: { list(): { url: string; loaded: boolean }[] };
  load(): Promise<void>;
  detect(image: object): Promise<{ face: unknown[]; error: string | null }>;
}

const [folder = ""] = process.argv.slice(2);
const packages = join(folder, "node_modules");
const off = { enabled: false };
const human = await openHuman();
const hello: HumanHello = {
  version: `human ${human.version}, tfjs ${human.tf.version["tfjs-core"]} (${human.tf.getBackend()})`,
  models: human.models.list().flatMap(({ url, loaded }) => (loaded ? [basename(url, ".json")] : [])),
};
answerQuestions(hello, answer, async () => {});

async function answer(question: HumanQuestion): Promise<object> {
  return "photos" in question
    ? spentRound({ ...question, inFlight: 1 }, facesIn)
    : { faces: await facesIn(question.photo) };
}

/** What it does by itself for a face, less the mesh of 468 points and the irises: find it, age, gender, description, emotion. */
async function openHuman(): Promise<Human> {
  const models = await serveModels(join(packages, "@vladmandic/human/models"));
  const { Human: Class } = createRequire(import.meta.url)(
    join(packages, "@vladmandic/human/dist/human.node-wasm.js"),
  ) as { Human: new (config: object) => Human };
  const opened = new Class({
    backend: "wasm",
    wasmPath: join(packages, "@tensorflow/tfjs-backend-wasm/dist/"),
    modelBasePath: models.url,
    // Every photo is computed anew, as in the mesh.
    cacheSensitivity: 0,
    filter: off,
    gesture: off,
    body: off,
    hand: off,
    object: off,
    segmentation: off,
    face: {
      enabled: true,
      detector: { maxDetected: 64 },
      description: { enabled: true },
      emotion: { enabled: true },
      mesh: off,
      attention: off,
      iris: off,
      antispoof: off,
      liveness: off,
    },
  });
  await opened.load();
  models.close();
  return opened;
}

/** It loads its models by HTTP alone. */
async function serveModels(models: string): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    readFile(join(models, basename(request.url ?? ""))).then(
      (file) => response.end(file),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Decoded as the mesh decodes it. */
async function facesIn(photo: Uint8Array): Promise<number> {
  const { width, height, pixels } = await decodePhoto(photo);
  const tensor = human.tf.tensor3d(pixels, [height, width, 3], "int32");
  try {
    const { face, error } = await human.detect(tensor);
    if (error) throw new Error(error);
    return face.length;
  } finally {
    tensor.dispose();
  }
}
