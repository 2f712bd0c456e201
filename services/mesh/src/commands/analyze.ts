import { readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { Gateway, GatewayFailure, type JobQuery } from "@similarfaces/client";
import { emptyJob, jobAt, reduceJob, type JobState, type ResultEvent } from "@similarfaces/contracts";
import { kindOfFile } from "@similarfaces/contracts/photoFiles";
import { SetupError } from "../setupError.js";
import { printable } from "../terminal/printable.js";
import { ProgressBar } from "../terminal/progressBar.js";
import { isRead } from "../terminal/readers.js";
import { describeEvent, faceNumber } from "./describe.js";
import { FaceTable } from "./faceTable.js";
import { checkPlaceOf, dashedFilesLast, fromHere } from "./paths.js";
import { photosAt, type PhotoFile } from "./photosAt.js";
import { withMesh } from "./withMesh.js";

const USAGE = `npm run analyze -- PHOTO... [--json] [--csv FILE] [--stages age,gender] [--min-score 0.7] [--url http://host:port]

Analyses photos on the running mesh, or on one started for the occasion. Results are printed as they arrive.
  PHOTO      a file; a folder, of which the photos in it and below it are taken; or a pattern ("holiday/**/*.jpg")
  --json     one JSON object per line, each with the file's name
  --csv      besides, a table: a row for each face with its box, its answers and the best match
  --stages   only these of extract, embed, match and the analyzers that are there, or by what they answer (GET /v1/analyzers)
  --min-score
             faces of a lower score are none, 0 to 1; without it the deployment's (FACE_SCORE_MIN)
  --url      a gateway elsewhere; API_KEY is sent to it when set`;

/** Photos on their way at once; the mesh keeps its own order. */
const FILES_AT_ONCE = 4;

/** `npm run analyze`. @returns the exit code: 1 if any photo could not be analysed, 2 for a call that makes no sense */
export async function analyze(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: dashedFilesLast(args),
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      csv: { type: "string" },
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
  const csv = values.csv === undefined ? undefined : fromHere(values.csv);
  if (csv !== undefined) await checkTable(csv);
  const { photos, problems } = await given(positionals);
  const table = new FaceTable();
  if (photos.length > 0) problems.push(...(await analyzeAll(photos, values, table)));
  if (csv !== undefined) await writeFile(csv, table.text());
  return problems.length > 0 ? 1 : 0;
}

/**
 * A shell that expands a pattern after --csv names a photo there, which nothing may be written over.
 * @throws SetupError before anything is analysed
 */
async function checkTable(path: string): Promise<void> {
  const kind = kindOfFile(basename(path)).kind;
  if (kind === "photo" || kind === "heic")
    throw new SetupError(`${path}: this is a photo by its name, and no table`);
  await checkPlaceOf(path);
}

/** The photos that are meant. What is none is said at once, and in `problems`. */
async function given(args: readonly string[]): Promise<{ photos: PhotoFile[]; problems: string[] }> {
  const photos: PhotoFile[] = [];
  const problems: string[] = [];
  for (const arg of args) {
    const found = await photosAt(arg);
    photos.push(...found.photos);
    if (found.passedOver > 0)
      process.stderr.write(
        `${printable(arg)}: ${found.passedOver} other files are no photos by their names\n`,
      );
    if (found.problem === undefined) continue;
    problems.push(found.problem);
    process.stderr.write(`${printable(arg)}: ${found.problem}\n`);
  }
  return { photos, problems };
}

interface AnalyzeValues {
  json: boolean;
  csv?: string | undefined;
  stages?: string | undefined;
  "min-score"?: string | undefined;
  url?: string | undefined;
}

/** @returns what went wrong, in sentences that have been printed */
function analyzeAll(
  photos: readonly PhotoFile[],
  { json, csv, stages, "min-score": minScore, url: elsewhere }: AnalyzeValues,
  table: FaceTable,
): Promise<string[]> {
  return withMesh(elsewhere, async (url) => {
    const gateway = new Gateway({ url, apiKey: process.env["API_KEY"] });
    const query = {
      ...(stages ? { stages } : {}),
      ...(minScore ? { minScore: Number(minScore) } : {}),
    };
    const printerOf = json ? () => printJson : textPrinterOf;
    const bar = new ProgressBar("photos", photos.length);
    const problems: string[] = [];
    const waiting = [...photos];
    const lane = async () => {
      for (let photo = waiting.shift(); photo && (isRead() || csv); photo = waiting.shift()) {
        const { job, problem } = await analyzeFile(photo, gateway, query, printerOf, (line) =>
          bar.above(line),
        );
        table.add(photo.name, job, problem);
        if (problem !== undefined) {
          problems.push(problem);
          bar.above("", `${printable(photo.name)}: ${problem}`);
        }
        bar.advance();
      }
    };
    await Promise.all(Array.from({ length: Math.min(FILES_AT_ONCE, photos.length) }, lane));
    bar.end();
    return problems;
  });
}

/** What is printed of a result, in lines. */
type Printer = (file: string, event: ResultEvent, job: JobState) => string[];

interface Analyzed {
  job: JobState;
  /** A sentence if the photo could not be analysed, or not wholly. */
  problem: string | undefined;
}

async function analyzeFile(
  { name, path }: PhotoFile,
  gateway: Gateway,
  query: JobQuery,
  printerOf: (gateway: Gateway) => Printer | Promise<Printer>,
  print: (line: string) => void,
): Promise<Analyzed> {
  let job = emptyJob("");
  let photo: Uint8Array<ArrayBuffer>;
  try {
    photo = await readFile(path);
  } catch (error) {
    return { job, problem: `cannot be read (${(error as Error).message})` };
  }
  try {
    const linesOf = await printerOf(gateway);
    for await (const message of gateway.jobs.analyse(photo, query)) {
      if (message.type === "complete") break;
      job = reduceJob(job, message.event);
      for (const line of linesOf(name, message.event, job)) print(line);
    }
    job = jobAt(job, Number.POSITIVE_INFINITY);
    return { job, problem: missing(job) };
  } catch (error) {
    if (error instanceof GatewayFailure) return { job, problem: `${error.message} (${error.code})` };
    throw error;
  }
}

const printJson: Printer = (file, event) => [JSON.stringify({ file, ...event })];

/** Asked for every photo: analyzers come and go. */
async function textPrinterOf(gateway: Gateway): Promise<Printer> {
  const analyzers = await gateway.analyzers();
  return (file, event, job) => describeEvent(printable(basename(file)), event, job, analyzers);
}

function missing(job: JobState): string | undefined {
  if (job.extract.state === "failed") {
    const { code, message } = job.extract.failure;
    return `${message} (${code})`;
  }
  if (job.extract.state === "expired") return "no answer before the deadline";
  const fields = job.faces.flatMap((face) =>
    Object.entries(face.fields).flatMap(([stage, field]) =>
      field.state === "failed" || field.state === "expired"
        ? [`${stage} of face ${faceNumber(job, face.index)}`]
        : [],
    ),
  );
  return fields.length > 0 ? `without an answer: ${fields.join(", ")}` : undefined;
}
