import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { Gateway, GatewayFailure, type JobQuery } from "@similarfaces/client";
import { emptyJob, jobAt, reduceJob, type JobState, type ResultEvent } from "@similarfaces/contracts";
import { describeEvent } from "./describe.js";
import { withMesh } from "./withMesh.js";
import { ProgressBar } from "../terminal/progressBar.js";

const USAGE = `npm run analyze -- photo.jpg... [--json] [--stages age,gender] [--min-score 0.7] [--url http://host:port]

Analyses photos on the running mesh, or on one started for the occasion. Results are printed as they arrive.
  --json     one JSON object per line, each with the file's name
  --stages   only these of extract, embed, match and the analyzers that are there (GET /v1/analyzers)
  --min-score
             faces of a lower score are none, 0 to 1; without it the deployment's (FACE_SCORE_MIN)
  --url      a gateway elsewhere; API_KEY is sent to it when set`;

/** Photos on their way at once; the mesh keeps its own order. */
const FILES_AT_ONCE = 4;

/** `npm run analyze`. @returns the exit code: 1 if any photo could not be analysed */
export async function analyze(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      stages: { type: "string" },
      "min-score": { type: "string" },
      url: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help || positionals.length === 0) {
    process.stderr.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  return withMesh(values.url, async (url) => {
    const gateway = new Gateway({ url, apiKey: process.env["API_KEY"] });
    const minScore = values["min-score"];
    const query = {
      ...(values.stages ? { stages: values.stages } : {}),
      ...(minScore ? { minScore: Number(minScore) } : {}),
    };
    const printerOf = values.json ? () => printJson : textPrinterOf;
    const bar = new ProgressBar("photos", positionals.length);
    let failures = 0;
    const waiting = [...positionals];
    const lane = async () => {
      for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
        const problem = await analyzeFile(file, gateway, query, printerOf, (line) => bar.above(line));
        if (problem !== undefined) {
          failures++;
          bar.above("", `${file}: ${problem}`);
        }
        bar.advance();
      }
    };
    await Promise.all(Array.from({ length: Math.min(FILES_AT_ONCE, positionals.length) }, lane));
    bar.end();
    return failures > 0 ? 1 : 0;
  });
}

/** What is printed of a result, in lines. */
type Printer = (file: string, event: ResultEvent, job: JobState) => string[];

/** @returns a sentence if the photo could not be analysed, or not wholly */
async function analyzeFile(
  file: string,
  gateway: Gateway,
  query: JobQuery,
  printerOf: (gateway: Gateway) => Printer | Promise<Printer>,
  print: (line: string) => void,
): Promise<string | undefined> {
  let photo: Uint8Array<ArrayBuffer>;
  try {
    photo = await readFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? "there is no such file" : `cannot be read (${message})`;
  }
  try {
    const linesOf = await printerOf(gateway);
    let job = emptyJob("");
    for await (const message of gateway.jobs.analyse(photo, query)) {
      if (message.type === "complete") break;
      job = reduceJob(job, message.event);
      for (const line of linesOf(file, message.event, job)) print(line);
    }
    return missing(jobAt(job, Number.POSITIVE_INFINITY));
  } catch (error) {
    if (error instanceof GatewayFailure) return `${error.message} (${error.code})`;
    throw error;
  }
}

const printJson: Printer = (file, event) => [JSON.stringify({ file, ...event })];

/** Asked for every photo: analyzers come and go. */
async function textPrinterOf(gateway: Gateway): Promise<Printer> {
  const analyzers = await gateway.analyzers();
  return (file, event, job) => describeEvent(basename(file), event, job, analyzers);
}

function missing(job: JobState): string | undefined {
  if (job.extract.state === "failed") {
    const { code, message } = job.extract.failure;
    return `${message} (${code})`;
  }
  if (job.extract.state === "expired") return "no answer before the deadline";
  const fields = job.faces.flatMap((face) =>
    Object.entries(face.fields).flatMap(([stage, field]) =>
      field.state === "failed" || field.state === "expired" ? [`${stage} of face ${face.index + 1}`] : [],
    ),
  );
  return fields.length > 0 ? `without an answer: ${fields.join(", ")}` : undefined;
}
