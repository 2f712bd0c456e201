import { Autoscaler } from "./autoscaler.js";
import { EventQueue } from "./eventQueue.js";
import { emptyOutcome, type Outcome } from "./outcome.js";
import { CPU_WINDOW_MS, utilizationOf, type BusySpan } from "./utilization.js";
import { randomNumbers } from "./randomNumbers.js";
import type { StageSettings } from "./settings.js";

export interface Load {
  /** Messages per second at a moment. */
  ratePerSecond(atMs: number): number;
  durationMs: number;
  /** Of one message in one lane, milliseconds. */
  computeMs: { median: number; spread: number };
}

/** What the chart cannot say: how long a pod takes to come. */
export interface Cluster {
  /** From the decision to the first message where a node has room. */
  podStartMs: number;
  /** The same where a node must be made first; `roomFor` pods need none. */
  nodeStartMs: number;
  roomFor: number;
}

interface Message {
  arrivedAtMs: number;
  times: number;
}
interface Replica {
  state: "starting" | "ready" | "draining" | "gone";
  held: Message[];
  inWork: Message | undefined;
  readyAtMs: number;
  firstAtMs: number | undefined;
  initial: boolean;
  /** Spans of computing, for the processor's utilisation. */
  busySpans: BusySpan[];
}

const SAMPLE_MS = 1_000;
/** kube-controller-manager's --horizontal-pod-autoscaler-sync-period, which EKS does not let change. */
const SYNC_MS = 15_000;
/** From stored to at hand in a replica that waits for it. */
const FETCH_MS = 3;

/** A discrete-event simulation of one stage: a queue, replicas that pull, and the autoscaler. Same seed, same run. */
export function simulate(settings: StageSettings, load: Load, cluster: Cluster, seed = 1): Outcome {
  const random = randomNumbers(seed);
  const autoscaler = new Autoscaler(settings);
  const events = new EventQueue();
  const queue: Message[] = [];
  const replicas: Replica[] = [];
  const outcome = emptyOutcome();
  let nowMs = 0;
  let order = 0;
  let counted = { arrived: 0, answered: 0 };
  const at = (atMs: number, run: () => void) => events.push({ atMs, order: order++, run });
  const alive = () => replicas.filter(({ state }) => state === "starting" || state === "ready");
  const ready = () => replicas.filter(({ state }) => state === "ready");

  for (let i = 0; i < settings.minReplicas; i++) becomeReady(addReplica(true));
  at(gap(), arrive);
  at(SAMPLE_MS, sample);
  at(SYNC_MS, look);
  // Until the last message is answered: nothing may be left behind.
  while (events.size > 0) {
    const event = events.pop()!;
    nowMs = event.atMs;
    if (nowMs > load.durationMs && queue.length === 0 && replicas.every(({ held }) => held.length === 0))
      break;
    event.run();
  }
  outcome.left = queue.length + replicas.reduce((sum, { held }) => sum + held.length, 0);
  outcome.firsts = replicas
    .filter(({ initial, firstAtMs }) => !initial && firstAtMs !== undefined)
    .map(({ readyAtMs, firstAtMs }) => ({ readyAtMs, firstAtMs: firstAtMs! }));
  return outcome;

  function gap(): number {
    return nowMs - (Math.log(1 - random()) / load.ratePerSecond(nowMs)) * 1_000;
  }

  function arrive(): void {
    if (nowMs > load.durationMs) return;
    outcome.arrived++;
    queue.push({ arrivedAtMs: nowMs, times: 0 });
    pull();
    at(gap(), arrive);
  }

  /** The consumer gives to whoever has room, the emptiest first. */
  function pull(): void {
    while (queue.length > 0) {
      const [taker] = ready()
        .filter(({ held }) => held.length < settings.inFlightMax)
        .sort((a, b) => a.held.length - b.held.length);
      if (!taker) return;
      const message = queue.shift()!;
      if (nowMs - message.arrivedAtMs > settings.deadlineMs) {
        outcome.expired++;
        continue;
      }
      taker.held.push(message);
      at(nowMs + FETCH_MS, () => work(taker));
    }
  }

  function work(replica: Replica): void {
    if (replica.inWork || replica.state === "gone") return;
    const message = replica.held[0];
    if (!message) return;
    replica.inWork = message;
    replica.firstAtMs ??= nowMs;
    outcome.waits.push({ arrivedAtMs: message.arrivedAtMs, waitMs: nowMs - message.arrivedAtMs });
    const untilMs = nowMs + load.computeMs.median * Math.exp(load.computeMs.spread * normal());
    replica.busySpans.push({ fromMs: nowMs, untilMs });
    at(untilMs, () => end(replica, message));
  }

  function end(replica: Replica, message: Message): void {
    if (replica.state === "gone") return;
    replica.held = replica.held.filter((other) => other !== message);
    replica.inWork = undefined;
    message.times++;
    if (message.times > 1) outcome.repeated++;
    else outcome.answered++;
    if (replica.state === "draining" && replica.held.length === 0) replica.state = "gone";
    pull();
    work(replica);
  }

  function addReplica(initial = false): Replica {
    const replica: Replica = {
      state: "starting",
      held: [],
      inWork: undefined,
      readyAtMs: 0,
      firstAtMs: undefined,
      initial,
      busySpans: [],
    };
    replicas.push(replica);
    return replica;
  }

  function becomeReady(replica: Replica): void {
    if (replica.state !== "starting") return;
    replica.state = "ready";
    replica.readyAtMs = nowMs;
    pull();
  }

  /** SIGTERM: takes nothing new, ends what it holds, hands back what the grace does not suffice for. */
  function drain(replica: Replica): void {
    if (replica.state === "starting" || replica.held.length === 0) {
      replica.state = "gone";
      return;
    }
    replica.state = "draining";
    at(nowMs + settings.graceMs, () => {
      if (replica.state !== "draining") return;
      replica.state = "gone";
      outcome.handedBack += replica.held.length;
      queue.unshift(...replica.held);
      replica.held = [];
      pull();
    });
  }

  function look(): void {
    const there = alive();
    const running = ready();
    const to = autoscaler.decide({
      atMs: nowMs,
      replicas: there.length,
      readyReplicas: running.length,
      lag: queue.length + replicas.reduce((sum, { held }) => sum + held.length, 0),
      utilization: utilizationOf(running, nowMs),
    });
    if (to !== there.length) outcome.decisions.push({ atMs: nowMs, from: there.length, to });
    for (let i = there.length; i < to; i++) {
      const replica = addReplica();
      const needsNode = alive().length > cluster.roomFor;
      at(nowMs + (needsNode ? cluster.nodeStartMs : 0) + cluster.podStartMs, () => becomeReady(replica));
    }
    // Kubernetes lets go of what is not ready first, and then of the youngest.
    const leaving = there.sort(
      (a, b) => Number(a.state === "ready") - Number(b.state === "ready") || b.readyAtMs - a.readyAtMs,
    );
    for (const replica of leaving.slice(0, Math.max(0, there.length - to))) drain(replica);
    if (nowMs < load.durationMs) at(nowMs + SYNC_MS, look);
  }

  function sample(): void {
    outcome.samples.push({
      atMs: nowMs,
      arrivedPerSecond: outcome.arrived - counted.arrived,
      answeredPerSecond: outcome.answered - counted.answered,
      waiting: queue.length,
      readyReplicas: ready().length,
    });
    counted = { arrived: outcome.arrived, answered: outcome.answered };
    outcome.replicaSeconds += alive().length;
    for (const replica of replicas)
      while (replica.busySpans.length > 0 && replica.busySpans[0]!.untilMs < nowMs - 2 * CPU_WINDOW_MS)
        replica.busySpans.shift();
    if (nowMs < load.durationMs) at(nowMs + SAMPLE_MS, sample);
  }

  function normal(): number {
    return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  }
}
