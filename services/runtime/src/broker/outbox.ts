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
 * Messages that go to the broker in great number: all of one turn of the event loop are written to the socket at its end, together.
 * Their bytes must not be changed until then.
 */
export interface Outbox {
  /** Dropped where the connection is closed, or about to be. */
  send(subject: string, payload: Uint8Array | string, reply?: string): void;
  /**
   * Published again when a lost connection is back, so it must be idempotent: by its message id, or on a subject that keeps one message.
   * @throws JetStreamApiError where it is refused; Error where no acknowledgement comes in time, or no stream takes it
   */
  store(subject: string, data: Uint8Array, options?: StoreOptions): Promise<PubAck>;
  /** Sends what waits for the end of the turn. */
  flush(): void;
}

/** How long an acknowledgement is waited for. */
export const STORED_WITHIN_MS = 5_000;

/** `health` is notified of every message that was stored or was not. */
export function openOutbox(nc: NatsConnection, js: JetStreamClient, ask: Ask, health: StoreHealth): Outbox {
  let pending: (() => void)[] = [];

  function enqueue(write: () => void): void {
    if (pending.push(write) === 1) setImmediate(flush);
  }

  function flush(): void {
    const writes = pending;
    pending = [];
    // The client makes one write to the socket of all that it is given before the next microtask.
    for (const write of writes) write();
  }

  return {
    send: (subject, payload, reply) =>
      enqueue(() => {
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
        enqueue(
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
