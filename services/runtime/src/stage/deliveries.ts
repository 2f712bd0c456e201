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
  /** How many more may be on their way or worked on. Asked again whenever `fill` is called. */
  room(): number;
  /** Room for this many is worth asking the broker: one at a time would be a question each. */
  roomMin(): number;
  take(message: Delivered): void;
}

export interface Deliveries {
  /** To be called when there may be more room. */
  fill(): void;
  /** Asks for no more; resolves when the broker has heard it and what it had sent by then has been taken. */
  stop(): Promise<void>;
}

/** How long a question stays with the broker. */
const PULL_MS = 5_000;
/** The broker says when a question has expired; one that it says nothing of for longer than this has been lost (a new leader). */
const SILENCE_MS = PULL_MS + 2_000;
const LOOK_EVERY_MS = 1_000;
/** After a refusal: the consumer is being made anew, or has no leader yet. */
const PULL_AGAIN_MS = 250;

/**
 * Pulls from a durable consumer exactly as much as there is room for, over one subscription: what waits in a process waits for it
 * alone, and its ack wait runs. The client's `consume()` fetches ahead, and its `fetch()` makes a subscription, a watch over it and
 * two timers for every question.
 */
export async function pullDeliveries(options: DeliveriesOptions): Promise<Deliveries> {
  const { broker, stream, consumer, log, room, roomMin, take } = options;
  await broker.ask(() => broker.jsm.consumers.info(stream, consumer));
  const api = `${broker.js.apiPrefix}.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
  const inbox = broker.inbox();
  /** Messages that the broker has been asked for and that have not come. */
  let asked = 0;
  let heardAtMs = 0;
  let pausing: NodeJS.Timeout | undefined;
  let stopped = false;

  const subscription = broker.nc.subscribe(inbox, {
    callback(error, message) {
      if (error) return log.warn({ stream, consumer, err: error }, "the subscription for work failed");
      heardAtMs = Date.now();
      if (message.reply) {
        asked = Math.max(0, asked - 1);
        take(deliveredOf(broker, message));
        return;
      }
      const left = message.headers?.get("Nats-Pending-Messages");
      if (left) {
        asked = Math.max(0, asked - Number(left));
        return fill();
      }
      const { code, description } = message.headers ?? { code: 0, description: "" };
      log.warn({ stream, consumer, code, description }, "pulling failed; trying again");
      pausing ??= setTimeout(() => {
        pausing = undefined;
        askAnew();
      }, PULL_AGAIN_MS);
    },
  });
  const watch = setInterval(() => {
    if (asked > 0 && Date.now() - heardAtMs > SILENCE_MS) askAnew();
  }, LOOK_EVERY_MS);
  broker.onReconnect(askAnew);
  fill();

  function fill(): void {
    const count = room() - asked;
    if (stopped || pausing || count < roomMin() || !broker.connected()) return;
    asked += count;
    heardAtMs = Date.now();
    broker.outbox.send(api, JSON.stringify({ batch: count, expires: nanos(PULL_MS) }), inbox);
  }

  /** Whatever was asked for is not expected any more. Should some of it come all the same, it is taken. */
  function askAnew(): void {
    asked = 0;
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
 * The reply subject tells of the delivery: `$JS.ACK.<stream>.<consumer>.<attempt>.<sequence>.<delivery>.<nanoseconds>.<pending>`, in its
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
