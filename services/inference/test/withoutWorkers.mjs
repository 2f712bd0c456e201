// A pool whose worker ends, and none of whose replacements starts; run by pool.onnx.test.ts.
import threads from "node:worker_threads";
import { syncBuiltinESMExports } from "node:module";
import { openInference } from "@similarfaces/inference";

const { Worker } = threads;
let first;
threads.Worker = class extends Worker {
  constructor(...all) {
    super(...all);
    first = this;
  }
};
syncBuiltinESMExports();
const inference = await openInference({
  modelsDir: process.argv[2],
  models: ["gender"],
  pack: "compact",
  workers: 1,
});
threads.Worker = class extends Worker {
  constructor() {
    super("process.exit(3)", { eval: true });
  }
};
syncBuiltinESMExports();
const predict = () =>
  inference.model("gender").predict({ pixels: new Uint8Array(112 * 112 * 3), width: 112, height: 112 });
// A message that is none ends the worker.
first.postMessage(null, []);
predict().catch(() => {});
predict().catch(() => {});
setInterval(() => {}, 1_000);
