import { nanos, type Msg, type MsgHdrs } from "nats";
import type { Broker } from "../broker/broker.js";
import type { Log } from "../telemetry/log.js";

/** A work message as its consumer delivered it. It ends with the first of `ack`, `nak` and `term`; what is called after that does nothing. */
export interface Delivered {
  readonly subject: string;
  /** Lies in the broker's receive buffer. */
  readonly data: Uint8Array;
  readonly headers: MsgHdrs | undefined;
  /** How often it has been delivered, this time included. */
  readonly attempt: number;
  /** When the stream took it, milliseconds since the epoch. */
  readonly queuedAtMs: number;
  ack(): void;
  /** It shall come again: at once, or after a delay. */
  nak(delayMs?: number): void;
  /** It shall not come again. */
  term(): void;
  /** The ack wait begins anew. */
  working(): void;
}

export interface DeliveriesOptions {
  broker: Broker;
  stream: string;
  /** The durable consumer, which must be there. */
  consumer: string;
  log: Log;
  /** How many more messages may be on their way or worked on. Called at every `fill`. */
  room(): number;
  /** A pull is sent when there is room for this many: one at a time would cost a request each. */
  roomMin(): number;
  take(message: Delivered): void;
}

export interface Deliveries {
  /** To be called when there may be more room: pulls as much as there is. */
  fill(): void;
  /** Ends the subscription; resolves when the broker has confirmed it and what it had sent by then has been taken. */
  stop(): Promise<void>;
}

/** When a pull expires at the broker. */
const PULL_MS = 5_000;
/** The broker answers a pull that expires; one without any answer for longer than this has been lost (a new leader). */
const SILENCE_MS = PULL_MS + 2_000;
const CHECK_EVERY_MS = 1_000;
/** After a refusal: the consumer is being made anew, or has no leader yet. */
const PULL_AGAIN_MS = 250;

/**
 * Pulls from a durable consumer exactly as much as there is room for, over one subscription: what waits in a process waits for it
 * alone, and its ack wait runs. The client's `consume()` fetches ahead, and its `fetch()` makes a subscription, a watch over it and
 * two timers for every pull.
 */
export async function pullDeliveries(options: DeliveriesOptions): Promise<Deliveries> {
  const { broker, stream, consumer, log, room, roomMin, take } = options;
  await broker.ask(() => broker.jsm.consumers.info(stream, consumer));
  const api = `${broker.js.apiPrefix}.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
  const inbox = broker.inbox();
  /** Messages that have been pulled and have not come. */
  let requested = 0;
  let lastAnswerAtMs = 0;
  let pausing: NodeJS.Timeout | undefined;
  let stopped = false;

  const subscription = broker.nc.subscribe(inbox, {
    callback(error, message) {
      if (error) return log.warn({ stream, consumer, err: error }, "the subscription for work failed");
      lastAnswerAtMs = Date.now();
      if (message.reply) {
        requested = Math.max(0, requested - 1);
        take(deliveredOf(broker, message));
        return;
      }
      const left = message.headers?.get("Nats-Pending-Messages");
      if (left) {
        requested = Math.max(0, requested - Number(left));
        return fill();
      }
      const { code, description } = message.headers ?? { code: 0, description: "" };
      log.warn({ stream, consumer, code, description }, "pulling failed; trying again");
      pausing ??= setTimeout(() => {
        pausing = undefined;
        pullAgain();
      }, PULL_AGAIN_MS);
    },
  });
  const watch = setInterval(() => {
    if (requested > 0 && Date.now() - lastAnswerAtMs > SILENCE_MS) pullAgain();
  }, CHECK_EVERY_MS);
  broker.onReconnect(pullAgain);
  fill();

  function fill(): void {
    const count = room() - requested;
    if (stopped || pausing || count < roomMin() || !broker.connected()) return;
    requested += count;
    lastAnswerAtMs = Date.now();
    broker.outbox.send(api, JSON.stringify({ batch: count, expires: nanos(PULL_MS) }), inbox);
  }

  /** Earlier pulls are not expected to be answered any more; should messages of theirs come after all, they are taken. */
  function pullAgain(): void {
    requested = 0;
    fill();
  }

  return {
    fill,
    async stop() {
      stopped = true;
      clearInterval(watch);
      clearTimeout(pausing);
      // Away or closed, the broker sends nothing more either.
      if (!subscription.isClosed()) await subscription.drain().catch(() => {});
    },
  };
}

/**
 * The reply subject describes the delivery: `$JS.ACK.<stream>.<consumer>.<attempt>.<sequence>.<delivery>.<nanoseconds>.<pending>`, in its
 * newer form with domain and account after `ACK`. The answers are those of the JetStream wire API (docs.nats.io).
 */
function deliveredOf({ outbox }: Broker, message: Msg): Delivered {
  const to = message.reply!;
  const tokens = to.split(".");
  const from = tokens.length === 9 ? 4 : 6;
  let ended = false;
  const end = (answer: string) => {
    if (!ended) outbox.send(to, answer);
    ended = true;
  };
  return {
    subject: message.subject,
    data: message.data,
    headers: message.headers,
    attempt: Number(tokens[from]),
    queuedAtMs: Number(tokens[from + 3]) / 1_000_000,
    ack: () => end("+ACK"),
    nak: (delayMs) => end(delayMs ? `-NAK ${JSON.stringify({ delay: nanos(delayMs) })}` : "-NAK"),
    term: () => end("+TERM"),
    working: () => {
      if (!ended) outbox.send(to, "+WPI");
    },
  };
}
