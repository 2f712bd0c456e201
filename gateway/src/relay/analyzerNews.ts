import type { AnnouncementJson } from "@similarfaces/contracts";
import type { Metrics } from "@similarfaces/runtime";
import type { HttpReply } from "../http/http.js";
import type { InstalledStages } from "../system/installedStages.js";
import { eventStreamReply } from "./eventStream.js";

export interface AnalyzerNews {
  /** Goes on after `send` has returned false. */
  resume(): void;
  stop(): void;
}

/**
 * Sends the whole list of analyzers, now and after each change of it. While a client reads slowly nothing is sent; then it gets the list as
 * it is by then.
 * @param send false if the client reads too slowly
 */
export function sendAnalyzers(
  installed: InstalledStages,
  send: (analyzers: AnnouncementJson[]) => boolean,
): AnalyzerNews {
  let isSlow = false;
  let isOwed = true;
  const deliver = () => {
    if (isSlow || !isOwed) return;
    isOwed = false;
    isSlow = !send(installed.analyzers());
  };
  const stop = installed.onChange(() => {
    isOwed = true;
    deliver();
  });
  deliver();
  return {
    resume() {
      isSlow = false;
      deliver();
    },
    stop,
  };
}

/** The list as server-sent events, until the client or the gateway ends it. */
export function streamAnalyzers(installed: InstalledStages, metrics: Metrics): HttpReply {
  return eventStreamReply(metrics, (stream) => {
    const news = sendAnalyzers(installed, (analyzers) =>
      stream.send({ event: "analyzers", data: JSON.stringify({ analyzers }) }),
    );
    stream.onDrain(() => news.resume());
    stream.onClose(() => news.stop());
  });
}
