import {
  PRECISIONS,
  benchChain,
  benchModel,
  refusalOfVariant,
  type BenchedModel,
  type PackEntry,
  type Precision,
} from "@similarfaces/inference";
import { ProgressBar } from "../terminal/progressBar.js";
import { table } from "../terminal/table.js";

/** `npm run models -- bench`: every variant alone, then what one face costs in each pack that finds faces and compares them. */
export async function benchModels(entries: readonly PackEntry[], runs: number): Promise<number> {
  const benched = entries.filter(isBenched);
  const bar = new ProgressBar("graphs", benched.length);
  const results = [];
  for (const entry of benched) {
    results.push(await benchModel(entry, runs));
    bar.advance();
  }
  bar.end();
  table(
    ["model", "picture", "median ms", "min ms", "million multiply-adds", "per ns", "load s"],
    results.map(({ model, width, height, medianMs, minMs, multiplyAdds, loadSeconds }) => [
      model,
      `${width}x${height}`,
      medianMs.toFixed(1),
      minMs.toFixed(1),
      multiplyAdds ? (multiplyAdds / 1e6).toFixed(0) : "",
      multiplyAdds ? (multiplyAdds / (medianMs * 1e6)).toFixed(1) : "",
      loadSeconds.toFixed(2),
    ]),
  );
  for (const pack of new Set(benched.map((entry) => entry.pack))) {
    const models = benched.filter((entry) => entry.pack === pack);
    for (const precision of PRECISIONS) await benchFace(pack, precision, models, runs);
  }
  return 0;
}

async function benchFace(
  pack: string,
  precision: Precision,
  models: readonly Benched[],
  runs: number,
): Promise<void> {
  const chain = models.filter(({ variant }) => variant.precision === precision);
  if (!["detect", "embed"].every((name) => chain.some((model) => model.name === name))) return;
  const { medianMs, minMs } = await benchChain(chain, runs);
  const names = chain.map(({ name }) => (name === "refine" ? "refine twice" : name)).join(", ");
  console.log(
    `${pack} as ${precision}, one face in one photo (${names}): median ${medianMs.toFixed(1)} ms, min ${minMs.toFixed(1)} ms`,
  );
}

type Benched = PackEntry & BenchedModel;

/** What is not measured is named, with the reason. */
function isBenched(entry: PackEntry): entry is Benched {
  const { pack, name, manifest, variant, present, problem } = entry;
  const missing = present ? undefined : `its file is not here: npm run models -- pull ${pack}`;
  const refusal = manifest && variant && refusalOfVariant(manifest, variant);
  const reason = problem ?? missing ?? refusal;
  if (reason !== undefined) {
    console.log(`${pack}/${name}${variant ? ` (${variant.precision})` : ""}: ${reason}`);
  }
  return reason === undefined;
}
