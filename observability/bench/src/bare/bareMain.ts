import { dealFrom } from "@similarfaces/load";
import { closedLoop } from "../closedLoop.js";
import { openBareLoop, type BareLoop } from "./bareLoop.js";
import type { BareAnswer, BareRequest } from "./bareProcess.js";

/** In the bare loop two photos are on their way per worker: one is decoded while the other is computed. */
const IN_FLIGHT_PER_WORKER = 2;

/** The bare loop alone in a process: what it uses is its own, and no client, supervisor or load generator counts in. */
const bare = await openBareLoop(process.env);
process.on("message", (request: BareRequest) => {
  void answer(bare, request)
    .catch((error: unknown): BareAnswer => ({ error: String(error) }))
    .then((answered) => process.send!(answered));
});
// Also when whoever started it is gone.
process.once("disconnect", () => void bare.close().then(() => process.exit(0)));
process.send!({ workers: bare.workers });

async function answer({ analyse, workers }: BareLoop, request: BareRequest): Promise<BareAnswer> {
  if ("photo" in request) {
    const startedAtMs = performance.now();
    await analyse(request.photo);
    return { elapsedMs: performance.now() - startedAtMs };
  }
  const deal = dealFrom(request.photos);
  const before = process.cpuUsage();
  const round = await closedLoop(IN_FLIGHT_PER_WORKER * workers, request.roundMs, () =>
    analyse(deal().bytes),
  );
  const { user, system } = process.cpuUsage(before);
  return { ...round, cpuSeconds: (user + system) / 1e6 };
}
