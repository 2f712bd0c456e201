import { setMaxListeners } from "node:events";
import { consumer } from "@similarfaces/contracts";
import { pullDeliveries, type Delivered } from "./deliveries.js";
import { handlingOf, type InFlight } from "./handling.js";
import { Room } from "./room.js";
import type { Stage, StageWork } from "./stage.js";
import type { StageOptions } from "./stageOptions.js";

export interface RunningStage {
  /** Stops pulling, finishes what is in flight within the grace, hands the rest back. May be called twice. */
  drain(): Promise<void>;
}

/** How long handlers have to end after their signal was aborted. */
const ABORT_MS = 1_000;

/** Runs a stage on its durable consumer until drained: pulls what there is room for, and sees each delivery to its end. */
export async function runStage<Work extends StageWork>(
  stage: Stage<Work>,
  options: StageOptions,
): Promise<RunningStage> {
  const { broker, concurrency, graceMs, metrics, log } = options;
  const spec = consumer(stage.name);
  const ackWaitMs = options.ackWaitMs ?? spec.ack_wait_ms;
  const stop = new AbortController();
  // Each handler in flight listens to it: dozens, and no leak.
  setMaxListeners(0, stop.signal);
  const room = new Room(concurrency);
  const handleDelivery = handlingOf(stage, { ...options, room, stop: stop.signal });
  const inFlight = new Map<Promise<void>, InFlight>();
  metrics.showStage(stage.name);
  let draining: Promise<void> | undefined;
  const deliveries = await pullDeliveries({
    broker,
    stream: spec.stream,
    consumer: spec.durable_name,
    log,
    room: () => room.free(),
    roomMin: () => room.pullMin(),
    take,
  });

  const working = setInterval(() => {
    const nowMs = Date.now();
    for (const { message, untilMs } of inFlight.values()) if (nowMs < untilMs) message.working();
  }, ackWaitMs / 2);

  function take(message: Delivered): void {
    // The broker had sent it before the subscription ended.
    if (draining) return message.nak();
    const held: InFlight = { message, untilMs: Infinity };
    const { pieces, ended: delivery } = handleDelivery(held);
    room.note(pieces);
    inFlight.set(delivery, held);
    metrics.stageInFlight.set({ stage: stage.name }, inFlight.size);
    void delivery.then(() => {
      inFlight.delete(delivery);
      metrics.stageInFlight.set({ stage: stage.name }, inFlight.size);
      deliveries.fill();
    });
    // If it is heavy, there may be room for more than was pulled.
    deliveries.fill();
  }

  async function finish(): Promise<void> {
    const stopped = deliveries.stop();
    room.close();
    const done = Promise.all(inFlight.keys()).then(() => true);
    const inTime = await Promise.race([
      done,
      new Promise<false>((resolve) => setTimeout(resolve, graceMs, false)),
    ]);
    if (!inTime) {
      stop.abort();
      await Promise.race([done, new Promise((resolve) => setTimeout(resolve, ABORT_MS))]);
      // What still computes cannot be stopped; another replica gets it as well, and the first result is kept.
      for (const { message } of inFlight.values()) message.nak();
    }
    clearInterval(working);
    await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, ABORT_MS))]);
  }

  return { drain: () => (draining ??= finish()) };
}
