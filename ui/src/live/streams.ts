import type { JobFailure } from "@similarfaces/contracts/api";
import type { FailureJson, ResultEvent } from "@similarfaces/contracts/job";
import { CORE_STAGES } from "@similarfaces/contracts/stages";
import { openEvents } from "../api/jobs";
import { watchers, type Watcher } from "./watchers";

export interface StreamEvents {
  /** A stream is open, or has received an event. */
  received(): void;
  complete(jobId: string): void;
  /** The server will send nothing for this job. */
  refused(jobId: string, failure: FailureJson): void;
  failed(): void;
  broken(): void;
}

/** A browser opens six connections to one server; pictures need some. */
const STREAMS_MAX = 3;

/** Server-sent events: one connection a job. */
export function createStreams(events: StreamEvents) {
  const streams = new Map<string, EventSource>();

  function close(jobId: string, stream = streams.get(jobId)): void {
    stream?.close();
    if (streams.get(jobId) === stream) streams.delete(jobId);
  }

  function open(jobId: string, watcher: Watcher): void {
    const stream = openEvents(jobId, watcher.after());
    streams.set(jobId, stream);
    const types = new Set<string>();
    const listen = (type: string) => {
      if (types.has(type)) return;
      types.add(type);
      stream.addEventListener(type, ({ data, lastEventId }: MessageEvent<string>) => {
        events.received();
        const event = JSON.parse(data) as ResultEvent;
        // Events are named after stages, and `accepted` is the first to name those of the job.
        event.accepted?.stages.forEach(listen);
        watcher.result(Number(lastEventId), event);
      });
    };
    for (const type of ["accepted", "deleted", ...CORE_STAGES, ...watcher.stages()]) listen(type);
    stream.addEventListener("open", () => events.received());
    stream.addEventListener("complete", () => {
      close(jobId, stream);
      events.complete(jobId);
    });
    // Ours is the failure that the server names; the browser's own has no data. The browser would connect again by itself, but
    // only this page knows when to change to a simpler transport.
    stream.addEventListener("failure", ({ data }: MessageEvent<string>) => {
      close(jobId, stream);
      const { failure } = JSON.parse(data) as JobFailure;
      if (failure.retryable) events.failed();
      else events.refused(jobId, failure);
    });
    stream.addEventListener("error", () => {
      if (streams.get(jobId) !== stream) return;
      close(jobId, stream);
      events.broken();
    });
  }

  return {
    /** Opens what is missing, as far as there may be more. */
    connect(): void {
      for (const [jobId, watcher] of watchers) {
        if (streams.size >= STREAMS_MAX) return;
        if (!streams.has(jobId)) open(jobId, watcher);
      }
    },
    close: (jobId: string) => close(jobId),
    closeAll(): void {
      for (const jobId of streams.keys()) close(jobId);
    },
  };
}
