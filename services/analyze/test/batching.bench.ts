// What batches gain and cost: `npx tsx services/analyze/test/batching.bench.ts`.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  NODE_TYPES,
  inFlightMax,
  openInference,
  type Inference,
  type Run,
  type RunningModel,
} from "@similarfaces/inference";
import { haveMlServer, startMlServer } from "../../inference/test/mlserverTool.js";
import { startOipServer } from "../../inference/test/oipServer.js";

/** What model servers run. */
const FLOAT32 = { usual: "float32", of: {} } as const;
const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const { inf2 } = NODE_TYPES;
/** A run of a graph compiled for 8 pictures takes as long for one as for eight. Assumed, not measured on a chip. */
const RUN_MS = 6;
const PICTURES = 2_000;
const SIDE = 112;

const models = { modelsDir: MODELS, models: ["gender"], pack: "compact", precision: FLOAT32 };
const local = await openInference({ ...models, workers: 1 });
console.log("server | in flight | batches of | chips/s | p50 ms | p99 ms");

const device = await startOipServer(local, models.models, { compute: lanes(inf2.lanes, RUN_MS) });
await compare(`a device of ${inf2.lanes} lanes, ${RUN_MS} ms a run`, device.url, PICTURES);
await device.close();
if (await haveMlServer()) {
  const gender = join(MODELS, "compact/gender/model.onnx");
  const mlserver = await startMlServer({ "compact-gender": gender });
  await compare("MLServer, ONNX Runtime on this CPU", mlserver.url, PICTURES / 4);
  await mlserver.stop();
}
await local.close();

async function compare(server: string, url: string, pictures: number): Promise<void> {
  for (const inFlight of [1, inFlightMax(inf2, "gender")]) {
    for (const batchSizeMax of [1, inf2.batchSizeMax]) {
      const { batchWaitMs } = inf2;
      const modelServer = { url, batchSizeMax, batchWaitMs: batchSizeMax === 1 ? 0 : batchWaitMs };
      let [runs, asked] = [0, 0];
      const onRun = (_: RunningModel, { batchSize }: Run) => {
        runs++;
        asked += batchSize;
      };
      const inference = await openInference({ ...models, workers: inf2.lanes, modelServer, onRun });
      const { perSecond, p50, p99 } = await closedLoop(
        inference,
        inFlight,
        inFlight === 1 ? pictures / 5 : pictures,
      );
      console.log(
        [
          server,
          inFlight,
          (asked / runs).toFixed(1),
          perSecond.toFixed(0),
          p50.toFixed(1),
          p99.toFixed(1),
        ].join(" | "),
      );
      await inference.close();
    }
  }
}

/** As a stage does: a new chip as soon as one is answered. */
async function closedLoop(inference: Inference, inFlight: number, pictures: number) {
  const model = inference.model("gender");
  const latencies: number[] = [];
  let left = pictures;
  const startedAtMs = performance.now();
  const one = async () => {
    while (left-- > 0) {
      const askedAtMs = performance.now();
      await model.predict({ pixels: new Uint8Array(SIDE * SIDE * 3), width: SIDE, height: SIDE });
      latencies.push(performance.now() - askedAtMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
  const seconds = (performance.now() - startedAtMs) / 1_000;
  latencies.sort((a, b) => a - b);
  const quantile = (q: number) => latencies[Math.floor(q * (latencies.length - 1))]!;
  return { perSecond: pictures / seconds, p50: quantile(0.5), p99: quantile(0.99) };
}

/** Waits for one of `count` lanes, and keeps it for `ms`. */
function lanes(count: number, ms: number): () => Promise<void> {
  const waiting: (() => void)[] = [];
  let free = count;
  return async () => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free--;
    await new Promise((resolve) => setTimeout(resolve, ms));
    const next = waiting.shift();
    if (next) next();
    else free++;
  };
}
