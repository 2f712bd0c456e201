import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { benchHttp } from "../bench/http.js";
import { benchPipeline } from "../bench/pipeline.js";

const USAGE = `npm run bench -- [pipeline | http] [--mix portrait-1:6,group-4:3] [--rounds N] [--seconds N] [--no-load] [--json FILE]

  pipeline   the mesh against a bare loop that runs the same models on the same photos in as many workers (the default)
  http       the gateway's two HTTP drivers

  --mix      photos of models/samples/photos and how often each comes
  --rounds   of each measurement, whose median counts (default 5)
  --seconds  of each round (default 8)
  --no-load  without open-loop arrivals at 25, 50, 75 and 90 % of capacity
  --json     also writes the figures to a file`;

const MIX = "portrait-1:5,portrait-2:5,group-4:4,group-18:1";

/** `npm run bench`. Figures are printed, never judged: machines differ. @returns the exit code */
export async function bench(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    allowNegative: true,
    options: {
      mix: { type: "string", default: MIX },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "8" },
      load: { type: "boolean", default: true },
      json: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [what = "pipeline"] = positionals;
  const rounds = Number(values.rounds);
  const roundMs = Number(values.seconds) * 1_000;
  if (values.help || !(rounds >= 1) || !(roundMs > 0) || !["pipeline", "http"].includes(what)) {
    process.stderr.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  if (what === "http") {
    await benchHttp({ rounds, roundMs });
    return 0;
  }
  const report = await benchPipeline({
    modelsDir: fileURLToPath(new URL("../../../../models", import.meta.url)),
    mix: values.mix,
    rounds,
    roundMs,
    load: values.load,
  });
  if (values.json) await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  return 0;
}
