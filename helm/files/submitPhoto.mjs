// What `helm test` runs in the cluster: one photo of a face goes in, and every stage must answer for it.
import { readFile } from "node:fs/promises";

const { GATEWAY_URL, PHOTO, WAIT_SECONDS = "60", API_KEY } = process.env;
const DONE_WITHIN_MS = (Number(WAIT_SECONDS) + 5) * 1_000;

const problem = await submit().catch(
  (error) => `${error.message}${error.cause ? `: ${error.cause.message}` : ""}`,
);
if (problem) {
  console.error(problem);
  process.exit(1);
}

async function submit() {
  const startedAtMs = performance.now();
  const response = await fetch(new URL("/v1/jobs", GATEWAY_URL), {
    method: "POST",
    headers: {
      "content-type": "image/jpeg",
      prefer: `wait=${WAIT_SECONDS}`,
      ...(API_KEY ? { authorization: `Bearer ${API_KEY}` } : {}),
    },
    body: await readFile(PHOTO),
    signal: AbortSignal.timeout(DONE_WITHIN_MS),
  });
  const job = await response.json();
  if (!response.ok) return `the gateway answered ${response.status}: ${JSON.stringify(job)}`;
  if (job.state !== "complete") return `the job is ${job.state} after ${WAIT_SECONDS} s`;
  const unanswered = [["extract", job.extract], ...job.faces.flatMap((face) => Object.entries(face.fields))]
    .filter(([, field]) => field.state !== "done")
    .map(([stage, field]) => `${stage} ${field.state}${field.failure ? ` (${field.failure.code})` : ""}`);
  if (unanswered.length > 0) return `not everything was answered: ${unanswered.join(", ")}`;
  if (job.faces.length === 0) return "no face was found on a photo that has one";
  const stages = Object.keys(job.faces[0].fields);
  console.log(`extract, ${stages.join(", ")} answered in ${Math.round(performance.now() - startedAtMs)} ms`);
  return undefined;
}
