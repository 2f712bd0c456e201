/** A stage as a queue: so many messages a second, each so long on one worker. */
export interface Queue {
  perSecond: number;
  /** Seconds of a worker per message. */
  serviceSeconds: number;
  /** Variance over squared mean of the service time. */
  squaredVariation: number;
  /** Mean of the squares over the mean of how many messages come at once: 1 where each comes alone. */
  bunching: number;
}

/** No worker is planned to be busy more than this: what is left is for pods that restart and for a busier minute. */
export const BUSY_MAX = 0.8;

/**
 * The fewest workers that are busy at most BUSY_MAX of the time and let 99 % of the messages wait no longer than this.
 * Waits by Erlang's C formula, stretched for service times and arrivals that are more or less regular than Poisson's
 * (Allen and Cunneen's approximation); a test compares it with a simulation.
 */
export function workersFor(queue: Queue, waitSecondsMax: number): number {
  const busy = queue.perSecond * queue.serviceSeconds;
  let workers = Math.max(1, Math.ceil(busy / BUSY_MAX));
  while (p99Wait(queue, workers) > waitSecondsMax) workers++;
  return workers;
}

/** Seconds that 1 % of the messages wait at least; Infinity where the workers do not keep up. */
export function p99Wait(queue: Queue, workers: number): number {
  const { perSecond, serviceSeconds, squaredVariation, bunching } = queue;
  const busy = perSecond * serviceSeconds;
  if (busy >= workers) return Number.POSITIVE_INFINITY;
  const waiting = erlangC(busy, workers);
  if (waiting <= 0.01) return bunchWait(queue, workers);
  const stretch = (bunching + squaredVariation) / 2;
  const decay = (workers - busy) / serviceSeconds;
  return Math.max((stretch * Math.log(waiting / 0.01)) / decay, bunchWait(queue, workers));
}

/** A bunch that is larger than the free workers waits for itself, however idle they were. */
function bunchWait({ serviceSeconds, perSecond, bunching }: Queue, workers: number): number {
  const free = Math.max(1, workers - perSecond * serviceSeconds);
  return serviceSeconds * Math.max(0, Math.ceil(bunching / free) - 1);
}

/** Probability that all workers are busy, of `busy` erlangs on so many. By the recursion of Erlang's B, which never overflows. */
export function erlangC(busy: number, workers: number): number {
  let blocked = 1;
  for (let n = 1; n <= workers; n++) blocked = (busy * blocked) / (n + busy * blocked);
  const use = busy / workers;
  return blocked / (1 - use + use * blocked);
}
