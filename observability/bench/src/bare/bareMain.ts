import { answerQuestions } from "../askedProcess.js";
import { spentRound } from "../spentRound.js";
import { openBareLoop } from "./bareLoop.js";
import type { BareQuestion } from "./bareProcess.js";

/** In the bare loop two photos are on their way per worker: one is decoded while the other is computed. */
const IN_FLIGHT_PER_WORKER = 2;

/** The bare loop alone in a process: what it uses is its own, and no client, supervisor or load generator counts in. */
const { workers, analyse, close } = await openBareLoop(process.env);
answerQuestions({ workers }, answer, close);

async function answer(question: BareQuestion): Promise<object> {
  if ("photos" in question) {
    return spentRound({ ...question, inFlight: IN_FLIGHT_PER_WORKER * workers }, analyse);
  }
  const startedAtMs = performance.now();
  await analyse(question.photo);
  return { elapsedMs: performance.now() - startedAtMs };
}
