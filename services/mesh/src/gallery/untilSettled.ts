import type { Gateway } from "@similarfaces/client";

/** A job's own deadline, and a little. */
const SETTLE_MS_MAX = 65_000;
/** The gateway looks once a second. */
const PAUSE_MS = 1_200;

/** Nothing is waiting and nothing in work, twice in a row; or the time is over that any job has. */
export async function untilSettled(gateway: Gateway, signal?: AbortSignal): Promise<void> {
  const deadlineAtMs = Date.now() + SETTLE_MS_MAX;
  for (let idle = 0; idle < 2 && Date.now() < deadlineAtMs && !signal?.aborted;) {
    const status = await gateway.status().catch(() => undefined);
    const busy = status?.stages.some(({ waiting, inFlight }) => waiting + inFlight > 0) ?? true;
    idle = busy ? 0 : idle + 1;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
