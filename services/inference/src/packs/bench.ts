import { openOnnx } from "../drivers/onnx.js";
import { loadModel, type LoadedModel } from "../loadModel.js";
import { modelName, usualSide } from "../manifest.js";
import type { PackEntry } from "./list.js";

export interface Benchmark {
  /** "<id>@<version>" */
  readonly model: string;
  /** Pixels of the picture that it ran on. */
  readonly width: number;
  readonly height: number;
  readonly loadSeconds: number;
  /** Milliseconds of one run in a worker, input conversion included. */
  readonly medianMs: number;
  readonly minMs: number;
  /** Multiply-adds of such a picture, where the manifest counts them. */
  readonly multiplyAdds?: number;
}

/** One photo with one face through every model of a pack, one after the other in one worker. */
export interface ChainBenchmark {
  readonly models: number;
  readonly medianMs: number;
  readonly minMs: number;
}

/** Times one model on one worker, one picture at a time: `runs` runs after the warm-up. @throws PackError */
export async function benchModel({ folder }: Pick<PackEntry, "folder">, runs: number): Promise<Benchmark> {
  const loaded = await loadModel(folder);
  let loadSeconds = 0;
  const durations = await timeRuns([loaded], runs, (seconds) => (loadSeconds = seconds));
  const side = usualSide(loaded.manifest);
  const operations = loaded.manifest.operations;
  return {
    model: modelName(loaded.manifest),
    width: side,
    height: side,
    loadSeconds,
    ...medianAndMin(durations),
    ...(operations ? { multiplyAdds: operations.multiplyAdds } : {}),
  };
}

/** Times a pack's models together, as many as there are: detection in an 800-pixel frame, the others on a chip. @throws PackError */
export async function benchChain(
  entries: readonly Pick<PackEntry, "folder">[],
  runs: number,
): Promise<ChainBenchmark> {
  const loaded = await Promise.all(entries.map(({ folder }) => loadModel(folder)));
  return { models: loaded.length, ...medianAndMin(await timeRuns(loaded, runs)) };
}

/** Milliseconds of each round through the models, in one worker. */
async function timeRuns(
  models: readonly LoadedModel[],
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
      for (const { name, manifest } of models) {
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

function medianAndMin(durations: readonly number[]): { medianMs: number; minMs: number } {
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
