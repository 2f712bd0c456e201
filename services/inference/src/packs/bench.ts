import { openOnnx } from "../drivers/onnx.js";
import { loadModel, usualSide, type Task } from "../manifest.js";
import type { PackEntry } from "./list.js";

export interface Benchmark {
  readonly task: Task;
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

/** Times one model on one worker, one picture at a time: `runs` runs after the warm-up. @throws PackError */
export async function benchModel(
  modelsDir: string,
  { pack, task }: Pick<PackEntry, "pack" | "task">,
  runs: number,
): Promise<Benchmark> {
  const loaded = await loadModel(modelsDir, pack, task);
  const durations: number[] = [];
  let loadSeconds = 0;
  const inference = await openOnnx({
    models: [loaded],
    workers: 1,
    onLoad: (_, seconds) => (loadSeconds = seconds),
    onRun: (_, { durationMs }) => durations.push(durationMs),
  });
  try {
    const model = inference.model(task);
    const side = usualSide(task);
    for (let run = 0; run < runs; run++) {
      await model.predict({ pixels: noise(side * side * 3), width: side, height: side });
    }
    const sorted = durations.toSorted((a, b) => a - b);
    const operations = loaded.manifest.operations;
    return {
      task,
      model: model.name,
      width: side,
      height: side,
      loadSeconds,
      medianMs: sorted[sorted.length >> 1]!,
      minMs: sorted[0]!,
      ...(operations ? { multiplyAdds: operations.multiplyAdds } : {}),
    };
  } finally {
    await inference.close();
  }
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
