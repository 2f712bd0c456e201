import { openOnnx } from "../drivers/onnx.js";
import type { FoundModel } from "../packs/findModels.js";
import { loadModel, type LoadedModel } from "../packs/loadModel.js";
import { modelName, usualSide } from "../packs/manifest.js";

/** A variant of a model. */
export type BenchedModel = Pick<FoundModel, "folder" | "manifest" | "variant">;

/** Milliseconds of several runs. */
export interface Durations {
  readonly medianMs: number;
  readonly minMs: number;
}

/** A variant alone: one run in a worker, input conversion included. */
export interface Benchmark extends Durations {
  /** "<id>@<version>", with "+<precision>" where there are several variants. */
  readonly model: string;
  /** Pixels of the picture that it ran on. */
  readonly width: number;
  readonly height: number;
  readonly loadSeconds: number;
  /** Of such a picture, where the manifest counts them. */
  readonly multiplyAdds?: number;
}

/** Times one model on one worker, one picture at a time: `runs` runs after the warm-up. @throws PackError */
export async function benchModel(model: BenchedModel, runs: number): Promise<Benchmark> {
  const loaded = await loadModel(model.folder, model);
  let loadSeconds = 0;
  const durations = await timeRounds([loaded], [loaded], runs, (seconds) => (loadSeconds = seconds));
  const side = usualSide(loaded.manifest);
  const { operations } = loaded.manifest;
  return {
    model: modelName(loaded),
    width: side,
    height: side,
    loadSeconds,
    ...medianAndMin(durations),
    ...(operations ? { multiplyAdds: operations.multiplyAdds } : {}),
  };
}

/** Looks at a proposal: `extract` takes two. */
const LOOKS = 2;

/**
 * Times what one face in one photo costs in a pack: its models one after the other in one worker, detection in an 800-pixel frame, the
 * second look twice, the others on a chip. @throws PackError
 */
export async function benchChain(models: readonly BenchedModel[], runs: number): Promise<Durations> {
  const loaded = await Promise.all(models.map((model) => loadModel(model.folder, model)));
  const round = loaded.flatMap((model) =>
    Array<LoadedModel>(model.name === "refine" ? LOOKS : 1).fill(model),
  );
  return medianAndMin(await timeRounds(loaded, round, runs));
}

/** Milliseconds of each round through `round`, in one worker that has loaded `models`. */
async function timeRounds(
  models: readonly LoadedModel[],
  round: readonly LoadedModel[],
  runs: number,
  onLoad: (seconds: number) => void = () => {},
): Promise<number[]> {
  let roundMs = 0;
  const inference = await openOnnx({
    models,
    workers: 1,
    onLoad: (_, seconds) => onLoad(seconds),
    onRun: (_, { durationMs }) => (roundMs += durationMs),
  });
  try {
    const rounds: number[] = [];
    for (let run = 0; run < runs; run++) {
      roundMs = 0;
      for (const { name, manifest } of round) {
        const side = usualSide(manifest);
        const picture = { pixels: noise(side * side * 3), width: side, height: side };
        await inference.model(name).predict(picture);
      }
      rounds.push(roundMs);
    }
    return rounds;
  } finally {
    await inference.close();
  }
}

function medianAndMin(durations: readonly number[]): Durations {
  const sorted = durations.toSorted((a, b) => a - b);
  return { medianMs: sorted[sorted.length >> 1]!, minMs: sorted[0]! };
}

/** The same noise every time (mulberry32): a flat picture would let zeros through that no photo has. */
function noise(bytes: number): Uint8Array {
  const pixels = new Uint8Array(bytes);
  let state = 1;
  for (let i = 0; i < bytes; i++) {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    pixels[i] = (value ^ (value >>> 14)) >>> 24;
  }
  return pixels;
}
