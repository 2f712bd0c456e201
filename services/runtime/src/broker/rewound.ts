import { STREAM_NAMES, consumer, type StageName } from "@similarfaces/contracts";
import type { Log } from "../telemetry/log.js";
import type { Broker } from "./broker.js";
import { consumersOf } from "./consumers.js";
import { provideConsumer } from "./provision.js";

/** No name of a stage has an underscore in it. */
const KEEPER = "keeper_";
const STREAMS = [STREAM_NAMES.images, STREAM_NAMES.faces, STREAM_NAMES.embeddings];

/**
 * A nats-server that is killed just when the last message of a stream goes may come back with that stream rewound: 2.9 empties the file
 * first and writes down the last sequence after it. What is stored next has sequences that consumers count as acknowledged: it is never
 * delivered to them, and the broker removes it as soon as the others have acknowledged it. So a process that provisions
 * deletes and creates again those consumers that are ahead of their stream. To be called before anything is stored in it: afterwards
 * a consumer that is ahead cannot be told from one that has just had the new messages.
 */
export async function mendRewound(broker: Broker, log: Pick<Log, "warn">): Promise<void> {
  await Promise.all(
    STREAMS.map(async (stream) => {
      const { state } = await broker.jsm.streams.info(stream);
      const ahead = (await consumersOf(broker, stream))
        .filter(({ name, delivered }) => !name.startsWith(KEEPER) && delivered.stream_seq > state.last_seq)
        .map(({ name }) => name);
      if (ahead.length === 0) return;
      log.warn(
        { stream, stages: ahead },
        "the broker came back with a stream rewound: its consumers are made anew",
      );
      for (const stage of ahead) await makeAnew(broker, stage);
    }),
  );
}

/** The stream removes messages that no consumer has an interest in, so a temporary one has it while the stage's own is missing. */
async function makeAnew(broker: Broker, stage: StageName): Promise<void> {
  const spec = consumer(stage);
  const keeper = `${KEEPER}${stage}`;
  await provideConsumer(broker, { ...spec, durable_name: keeper });
  try {
    await broker.jsm.consumers.delete(spec.stream, stage);
    await provideConsumer(broker, spec);
  } finally {
    await broker.jsm.consumers.delete(spec.stream, keeper);
  }
}
