import { JetStreamApiError, PubHeaders, type ApiError, type PubAck } from "@nats-io/jetstream";
import { createInbox, headers as noHeaders, type Msg, type MsgHdrs, type NatsConnection } from "nats";

export interface StoreOptions {
  /** By which the broker knows a message that it has stored before. */
  messageId?: string | undefined;
  headers?: MsgHdrs | undefined;
}

/**
 * What goes to the broker in great number: whatever one turn of the event loop has to say is said in one write. Bytes that are handed over
 * must stay as they are until they are stored.
 */
export interface Outbox {
  send(subject: string, payload: Uint8Array | string, reply?: string): void;
  /**
   * Publishes to whichever stream takes the subject, and again when the connection was lost and is back.
   * @throws JetStreamApiError where it is refused; Error where nothing is heard of it for five seconds, or no stream takes it
   */
  store(subject: string, data: Uint8Array, options?: StoreOptions): Promise<PubAck>;
  /** Sends what waits for the end of the turn. */
  flush(): void;
}

const STORED_WITHIN_MS = 5_000;
const NO_RESPONDERS = 503;

interface Unanswered {
  publish(): void;
  untilMs: number;
  resolve(ack: PubAck): void;
  reject(error: Error): void;
}

export function openOutbox(nc: NatsConnection): Outbox {
  const inbox = createInbox();
  /** By the last token of the subject that the answer comes to. The oldest is first. */
  const unanswered = new Map<string, Unanswered>();
  let nextToken = 0;
  let said: (() => void)[] = [];

  nc.subscribe(`${inbox}.*`, {
    callback(error, message) {
      if (error) return;
      const token = message.subject.slice(inbox.length + 1);
      const question = unanswered.get(token);
      unanswered.delete(token);
      if (question) answer(question, message);
    },
  });
  const overdue = setInterval(() => {
    const nowMs = Date.now();
    for (const [token, { untilMs, reject }] of unanswered) {
      if (untilMs > nowMs) break;
      unanswered.delete(token);
      reject(new Error("the broker did not say that it has stored a message"));
    }
  }, STORED_WITHIN_MS / 10).unref();
  void nc.closed().then(() => {
    clearInterval(overdue);
    for (const { reject } of unanswered.values()) reject(new Error("the connection to the broker is closed"));
    unanswered.clear();
  });
  void (async () => {
    for await (const { type } of nc.status()) {
      // What was on its way may be lost. Stored twice it is not: message ids and subjects see to that.
      if (type === "reconnect") for (const { publish } of unanswered.values()) say(publish);
    }
  })();

  function say(something: () => void): void {
    if (said.push(something) === 1) setImmediate(flush);
  }

  function flush(): void {
    const all = said;
    said = [];
    if (nc.isClosed()) return;
    // The client writes once for all that it is given before the next microtask.
    for (const something of all) something();
  }

  return {
    send(subject, payload, reply) {
      say(() => {
        if (!nc.isDraining()) nc.publish(subject, payload, reply ? { reply } : undefined);
      });
    },

    store(subject, data, { messageId, headers } = {}) {
      return new Promise((resolve, reject) => {
        if (nc.isClosed()) return reject(new Error("the connection to the broker is closed"));
        const fields = headers ?? (messageId ? noHeaders() : undefined);
        if (messageId) fields?.set(PubHeaders.MsgIdHdr, messageId);
        const token = String(nextToken++);
        const options = { reply: `${inbox}.${token}`, ...(fields ? { headers: fields } : {}) };
        const publish = () => {
          try {
            nc.publish(subject, data, options);
          } catch (error) {
            unanswered.delete(token);
            reject(error as Error);
          }
        };
        unanswered.set(token, { publish, untilMs: Date.now() + STORED_WITHIN_MS, resolve, reject });
        say(publish);
      });
    },

    flush,
  };
}

function answer({ resolve, reject }: Unanswered, message: Msg): void {
  if (message.headers?.code === NO_RESPONDERS) return reject(new Error("no stream takes what was published"));
  const { error, ...ack } = JSON.parse(message.string()) as Partial<PubAck> & { error?: ApiError };
  if (error) reject(new JetStreamApiError(error));
  else resolve({ duplicate: false, ...ack } as PubAck);
}
