import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import {
  emptyJob,
  jobAt,
  reduceJob,
  type FailureJson,
  type JobState,
  type ResultEvent,
} from "@similarfaces/contracts";
import { StreamLost, followEvents } from "../followEvents.js";
import { describeEvent } from "../describe.js";
import { withMesh } from "../withMesh.js";
import { ProgressBar } from "../progressBar.js";

const USAGE = `npm run analyze -- photo.jpg... [--json] [--stages age,gender] [--url http://host:port]

Analyses photos on the running mesh, or on one started for the occasion. Results are printed as they arrive.
  --json     one JSON object per line, each with the file's name
  --stages   only these of extract, embed, age, gender, race, emotion, match
  --url      a gateway elsewhere; API_KEY is sent to it when set`;

/** Photos on their way at once; the mesh keeps its own order. */
const FILES_AT_ONCE = 4;
/** How long a full gateway is asked again. */
const PATIENCE_MS = 60_000;

/** `npm run analyze`. @returns the exit code: 1 if any photo could not be analysed */
export async function analyze(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      stages: { type: "string" },
      url: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help || positionals.length === 0) {
    process.stderr.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  return withMesh(values.url, async (url) => {
    const query = values.stages ? `?stages=${encodeURIComponent(values.stages)}` : "";
    const printer = values.json ? printJson : printText;
    const bar = new ProgressBar("photos", positionals.length);
    let failures = 0;
    const waiting = [...positionals];
    const lane = async () => {
      for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
        const problem = await analyzeFile(
          file,
          new URL(`/v1/jobs${query}`, url),
          (line) => bar.above(line),
          printer,
        );
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

type Printer = (file: string, event: ResultEvent, job: JobState) => string;

/** @returns a sentence if the photo could not be analysed, or not wholly */
async function analyzeFile(
  file: string,
  address: URL,
  print: (line: string) => void,
  printer: Printer,
): Promise<string | undefined> {
  let photo: Uint8Array<ArrayBuffer>;
  try {
    photo = await readFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? "there is no such file" : `cannot be read (${message})`;
  }
  const key = process.env["API_KEY"];
  const headers = { accept: "text/event-stream", ...(key ? { authorization: `Bearer ${key}` } : {}) };
  try {
    const response = await send(address, headers, photo);
    if (!response.ok) return await refusal(response);
    return await answers(response, headers, address, (result, job) => {
      const line = printer(file, result, job);
      if (line !== "") print(line);
    });
  } catch (error) {
    if (error instanceof StreamLost) return error.message;
    return `the gateway at ${address.origin} did not answer`;
  }
}

/** A gateway that is full or restarting is asked again, when it says so. */
async function send(address: URL, headers: Record<string, string>, photo: Uint8Array): Promise<Response> {
  const untilMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const response = await fetch(address, { method: "POST", headers, body: photo });
    const retryAfterSeconds = Number(response.headers.get("retry-after") ?? 0);
    const waitMs = 1_000 * retryAfterSeconds;
    if (response.status !== 503 || waitMs === 0 || Date.now() + waitMs > untilMs) return response;
    await response.body?.cancel();
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

/** Every result of the job that the photo has become. @returns a sentence if the photo could not be analysed, or not wholly */
async function answers(
  response: Response,
  headers: Record<string, string>,
  address: URL,
  each: (result: ResultEvent, job: JobState) => void,
): Promise<string | undefined> {
  const events = new URL(`${response.headers.get("location")}/events`, address);
  let job: JobState = emptyJob("");
  for await (const { event, data } of followEvents(events, { response, headers })) {
    if (event === "complete") return missing(jobAt(job, Number.POSITIVE_INFINITY));
    if (event === "failure") {
      const { failure } = JSON.parse(data) as { failure: FailureJson };
      return `${failure.message} (${failure.code})`;
    }
    const result = JSON.parse(data) as ResultEvent;
    job = reduceJob(job, result);
    each(result, job);
  }
  return undefined;
}

const printJson: Printer = (file, event) => JSON.stringify({ file, ...event });
const printText: Printer = (file, event, job) => describeEvent(basename(file), event, job);

async function refusal(response: Response): Promise<string> {
  const body = (await response.json().catch(() => ({}))) as { failure?: FailureJson };
  return body.failure
    ? `${body.failure.message} (${body.failure.code})`
    : `the gateway answered ${response.status}`;
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
