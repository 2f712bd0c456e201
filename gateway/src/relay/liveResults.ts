import { liveDeletionSubject, liveOfJobSubject } from "@similarfaces/contracts";
import type { Broker, Log } from "@similarfaces/runtime";
import { decodeStored, type StoredMessage } from "./storedMessage.js";

export interface LiveResults {
  /** Resolves when the broker has the subscription: results that are stored from then on are delivered. */
  readonly listening: Promise<void>;
  stop(): void;
}

type Listen = (
  broker: Broker,
  jobId: string,
  log: Log,
  receive: (stored: StoredMessage) => void,
) => LiveResults;

/** Subscribes to a job's results, which the stream republishes as it stores them. */
export const listenToJob: Listen = (broker, jobId, log, receive) =>
  listen(broker, liveOfJobSubject(jobId), log, receive);

/** To its tombstone alone. */
export const listenToDeletion: Listen = (broker, jobId, log, receive) =>
  listen(broker, liveDeletionSubject(jobId), log, receive);

function listen(broker: Broker, to: string, log: Log, receive: (stored: StoredMessage) => void): LiveResults {
  const subscription = broker.nc.subscribe(to, {
    callback: (err, message) => {
      if (err) return log.warn({ err }, "the live subscription failed");
      // The last header of each name is the broker's own, whatever the publisher wrote. A message with a reply subject is no republished one:
      // somebody has made the broker deliver it to this subject.
      const sequence = Number(message.headers?.last("Nats-Sequence") ?? 0);
      const subject = message.headers?.last("Nats-Subject") ?? "";
      const stored = message.reply ? undefined : decodeStored(subject, sequence, message.data);
      if (stored) receive(stored);
      else log.warn({ subject, sequence }, "a result cannot be read");
    },
  });
  return {
    listening: broker.nc.flush().catch(() => {}),
    stop: () => subscription.unsubscribe(),
  };
}
