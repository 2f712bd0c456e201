import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Costs, Prices } from "./costs.js";
import { measureCosts, type RunningMesh } from "./measure.js";
import { P99_SECONDS, capacityPage } from "./page.js";

const ROOT = new URL("../../../../", import.meta.url);
const FOLDER = new URL("observability/load/src/capacity/", ROOT);
const README = new URL("observability/README.md", ROOT);
const MIX = "portrait-1.jpg:4,portrait-2.jpg:4,group-4.jpg:2";

/**
 * The capacity page, from costs.json and prices.json.
 *   --measure <data folder>  first measures the costs anew on the mesh that runs there (npm start -- --processes)
 *   --p99 <seconds>          for another time than the page's
 *   --write                  into observability/README.md instead of standard output
 */
const { values } = parseArgs({
  options: {
    measure: { type: "string" },
    mix: { type: "string", default: MIX },
    p99: { type: "string", default: String(P99_SECONDS) },
    write: { type: "boolean", default: false },
  },
});
if (values.measure !== undefined) {
  const run = JSON.parse(readFileSync(join(values.measure, "run.json"), "utf8")) as RunningMesh;
  const costs = await measureCosts({
    run,
    mix: values.mix,
    photosFolder: new URL("models/samples/photos/", ROOT),
    durationMs: 30_000,
    photosAlone: 30,
  });
  writeFileSync(new URL("costs.json", FOLDER), `${JSON.stringify(costs, undefined, 2)}\n`);
}
const costs = JSON.parse(readFileSync(new URL("costs.json", FOLDER), "utf8")) as Costs;
const prices = JSON.parse(readFileSync(new URL("prices.json", FOLDER), "utf8")) as Prices;
const page = capacityPage(costs, prices, Number(values.p99));
if (values.write) {
  const readme = readFileSync(README, "utf8");
  const between = /(<!-- capacity -->\n)[^]*?(\n<!-- \/capacity -->)/;
  writeFileSync(
    README,
    readme.replace(between, (_, begin: string, end: string) => `${begin}\n${page}\n${end}`),
  );
  console.log(`written to ${fileURLToPath(README)}`);
} else console.log(page);
