import type { JetStreamClient, PubAck } from "@nats-io/jetstream";
import type { MsgHdrs, NatsConnection } from "nats";
import type { Ask } from "./asking.js";
import type { StoreHealth } from "./storeHealth.js";

export interface StoreOptions {
  /** By which the broker knows a message that it has stored before. */
  messageId?: string | undefined;
  headers?: MsgHdrs | undefined;
}

/**
 * What goes to the broker in great number: whatever one turn of the event loop has to say is said at its end, in one write. Bytes that are
 * handed over must stay as they are until then.
 */
export interface Outbox {
  /** Dropped where the connection is closed, or about to be. */
  send(subject: string, payload: Uint8Array | string, reply?: string): void;
  /**
   * Said again when a lost connection is back, so it must do no harm twice: by its message id, or on a subject that keeps one message.
   * @throws JetStreamApiError where it is refused; Error where nothing is heard of it in time, or no stream takes it
   */
  store(subject: string, data: Uint8Array, options?: StoreOptions): Promise<PubAck>;
  /** Sends what waits for the end of the turn. */
  flush(): void;
}

/** An answer that takes longer is none. */
export const STORED_WITHIN_MS = 5_000;

/** `health` hears of every message whether it was stored. */
export function openOutbox(nc: NatsConnection, js: JetStreamClient, ask: Ask, health: StoreHealth): Outbox {
  let said: (() => void)[] = [];

  function say(something: () => void): void {
    if (said.push(something) === 1) setImmediate(flush);
  }

  function flush(): void {
    const all = said;
    said = [];
    // The client writes once for all that it is given before the next microtask.
    for (const something of all) something();
  }

  return {
    send: (subject, payload, reply) =>
      say(() => {
        if (nc.isClosed() || nc.isDraining()) return;
        nc.publish(subject, payload, reply ? { reply } : undefined);
      }),

    store: (subject, data, { messageId, headers } = {}) =>
      new Promise((resolve, reject) => {
        const options = {
          timeout: STORED_WITHIN_MS,
          ...(messageId ? { msgID: messageId } : {}),
          ...(headers ? { headers } : {}),
        };
        say(
          () =>
            void ask(() => js.publish(subject, data, options)).then(
              (ack) => {
                health.stored();
                resolve(ack);
              },
              (error: unknown) => {
                health.notStored(error, data.byteLength);
                reject(error as Error);
              },
            ),
        );
      }),

    flush,
  };
}
