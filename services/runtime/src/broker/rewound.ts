import { consumer, type StageName } from "@similarfaces/contracts";
import type { ConsumerInfo } from "@nats-io/jetstream";
import type { Broker } from "./broker.js";
import type { Log } from "../telemetry/log.js";
import { provideConsumer } from "./provision.js";

/** After the broker has come back: what is stored meanwhile shows at the later looks. */
const LOOK_AT_MS = [250, 1_000, 3_000, 8_000];
/** A message that all have just acknowledged is about to go. */
const LOOK_AGAIN_MS = 250;
const KEEPER = "rewound";

/**
 * A nats-server that is killed just when the last message of a stream goes may come back with that stream rewound: 2.9 empties the file
 * first and writes down the last sequence after it. What is stored next then has sequences that its consumers count as had, and
 * is never delivered: a photo, or a face for one stage. So whoever provisions looks after each return of the broker, and makes
 * the consumers of such a stream anew, which get all that is stored.
 * @returns when the looks are over, or the signal ends them
 */
export async function redeliverRewound(
  broker: Broker,
  stages: readonly StageName[],
  log: Pick<Log, "warn" | "debug">,
  signal?: AbortSignal,
): Promise<void> {
  let elapsedMs = 0;
  for (const atMs of LOOK_AT_MS) {
    await new Promise((resolve) => setTimeout(resolve, atMs - elapsedMs));
    elapsedMs = atMs;
    if (signal?.aborted || !broker.connected()) return;
    const hasDelivered = await look(broker, stages, log).catch((err: unknown) =>
      log.debug({ err }, "whether a stream was rewound could not be seen"),
    );
    if (hasDelivered === false) return;
  }
}

/** @returns false where no consumer has had anything yet, so that nothing can be rewound */
async function look(broker: Broker, stages: readonly StageName[], log: Pick<Log, "warn">): Promise<boolean> {
  let hasDelivered = false;
  for (const group of groupsOf(stages)) {
    const seen = await signOf(broker, group);
    hasDelivered ||= seen.hasDelivered;
    if (seen.sign === undefined) continue;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    const { sign, stages: had } = await signOf(broker, group);
    if (sign !== seen.sign) continue;
    log.warn({ stages: had }, "the broker came back with a stream rewound: its consumers are made anew");
    await makeAnew(broker, had);
  }
  return hasDelivered;
}

/** Stages that get the same messages. */
function groupsOf(stages: readonly StageName[]): StageName[][] {
  const groups = new Map<string, StageName[]>();
  for (const stage of stages) {
    const { filter_subject } = consumer(stage);
    groups.set(filter_subject, [...(groups.get(filter_subject) ?? []), stage]);
  }
  return [...groups.values()];
}

/** The sign of a rewound stream: a consumer has had what is not stored yet, or all have had the first message, which is still there. */
async function signOf(
  { jsm }: Broker,
  group: readonly StageName[],
): Promise<{ sign: string | undefined; stages: readonly StageName[]; hasDelivered: boolean }> {
  const { stream, filter_subject } = consumer(group[0]!);
  const infos: ConsumerInfo[] = [];
  for (const stage of group) infos.push(await jsm.consumers.info(stream, stage));
  const query = { seq: 1, next_by_subj: filter_subject };
  // The client's type knows one of the two at a time; the server takes both.
  const first = await jsm.streams.getMessage(stream, query as unknown as { seq: number });
  const { state } = await jsm.streams.info(stream);
  // Whoever has not fallen behind gets what comes, and is left alone.
  const ahead = group.filter((_, i) => infos[i]!.delivered.stream_seq > state.last_seq);
  const wasHad = first !== null && infos.every(({ ack_floor }) => first.seq <= ack_floor.stream_seq);
  return {
    sign: ahead.length > 0 ? `${ahead.join()} ahead` : wasHad ? `${first.seq} was had` : undefined,
    stages: ahead.length > 0 ? ahead : group,
    hasDelivered: infos.some(({ delivered }) => delivered.stream_seq > 0),
  };
}

/** What nobody has an interest in is dropped, so another consumer holds it meanwhile. */
async function makeAnew(broker: Broker, group: readonly StageName[]): Promise<void> {
  const { jsm } = broker;
  const { stream, filter_subject } = consumer(group[0]!);
  const name = `${KEEPER}-${group[0]!}`;
  await provideConsumer(broker, { ...consumer(group[0]!), durable_name: name, filter_subject });
  try {
    for (const stage of group) {
      await jsm.consumers.delete(stream, stage);
      await provideConsumer(broker, consumer(stage));
    }
  } finally {
    await jsm.consumers.delete(stream, name);
  }
}
