import { request, type Agent, type IncomingMessage } from "node:http";

/** What became of a photo, as its sender saw it. */
export interface Sent {
  /**
   * `refused`: 503, nothing was accepted. `rejected`: another status. `unanswered`: the connection ended before there was one. `lost`: accepted,
   * and the stream of its results ended before the job did.
   */
  outcome: "complete" | "failed" | "expired" | "refused" | "rejected" | "unanswered" | "lost";
  /** Seconds, of what was refused. */
  retryAfter?: number;
  /** Why, where it was neither accepted nor refused. */
  reason?: string;
}

/** Longer than a job may take, and its watchers' patience. */
const PATIENCE_MS = 150_000;
const FAILURE = Buffer.from('"failure":');
/** The completion is the last event, and a short one. */
const CHUNKS_KEPT = 4;

/** Sends a photo and waits for the end of its results without reading them. Without an agent, on a connection of its own. Never rejects. */
export function sendUnread(address: URL, photo: Uint8Array, agent: Agent | undefined): Promise<Sent> {
  return new Promise((resolve) => {
    let accepted = false;
    const fail = ({ message }: Error) =>
      resolve({ outcome: accepted ? "lost" : "unanswered", reason: message });
    const sending = request(
      address,
      {
        method: "POST",
        agent: agent ?? false,
        headers: { accept: "text/event-stream", "content-length": photo.length },
        timeout: PATIENCE_MS,
      },
      (response) => {
        accepted = response.statusCode === 200;
        response.once("error", fail);
        response.once("aborted", () => fail(new Error("cut off")));
        if (accepted) readResults(response, resolve);
        else readRefusal(response, resolve);
      },
    );
    sending.once("timeout", () => sending.destroy(new Error("nothing came any more")));
    // Also after an answer: who is refused may be cut off amid the sending.
    sending.on("error", fail);
    sending.end(photo);
  });
}

function readResults(response: IncomingMessage, done: (sent: Sent) => void): void {
  const last: Buffer[] = [];
  let hasFailure = false;
  response.on("data", (chunk: Buffer) => {
    hasFailure ||= chunk.includes(FAILURE);
    last.push(chunk);
    if (last.length > CHUNKS_KEPT) last.shift();
  });
  response.once("end", () => {
    const text = Buffer.concat(last).toString("utf8");
    const at = text.lastIndexOf("event: complete");
    if (at < 0) done({ outcome: "lost", reason: "the stream ended before the job" });
    else if (!text.includes('"expired":[]', at)) done({ outcome: "expired" });
    else done({ outcome: hasFailure ? "failed" : "complete" });
  });
}

function readRefusal(response: IncomingMessage, done: (sent: Sent) => void): void {
  const { statusCode, headers } = response;
  response.resume();
  response.once("end", () =>
    done(
      statusCode === 503
        ? { outcome: "refused", retryAfter: Number(headers["retry-after"]) }
        : { outcome: "rejected", reason: `status ${statusCode}` },
    ),
  );
}
