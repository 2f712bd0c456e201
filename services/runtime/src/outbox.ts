import type { JetStreamClient, PubAck } from "@nats-io/jetstream";
import type { MsgHdrs, NatsConnection } from "nats";

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
  /** @throws JetStreamApiError where it is refused; Error where nothing is heard of it in time, or no stream takes it */
  store(subject: string, data: Uint8Array, options?: StoreOptions): Promise<PubAck>;
  /** Sends what waits for the end of the turn. */
  flush(): void;
}

const STORED_WITHIN_MS = 5_000;

export function openOutbox(nc: NatsConnection, js: JetStreamClient): Outbox {
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
        say(() => void js.publish(subject, data, options).then(resolve, reject));
      }),

    flush,
  };
}
