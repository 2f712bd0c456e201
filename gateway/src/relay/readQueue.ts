interface PendingRead {
  begin: () => void;
}

export interface ReadQueueOptions {
  /** Reads under way at once, of all askers. */
  readsMax: number;
  /** Of one asker: a socket or a request. */
  readsPerAskerMax: number;
}

/**
 * Bounds how many reads of the stream are under way at once. Askers take turns: the reads of one that asks for many wait for each other.
 */
export class ReadQueue {
  readonly #options: ReadQueueOptions;
  /** In the order of their turns. */
  readonly #waiting = new Map<object, Set<PendingRead>>();
  readonly #reading = new Map<object, number>();
  #reads = 0;

  constructor(options: ReadQueueOptions) {
    this.#options = options;
  }

  /** The read's own result; rejects with the signal's reason as soon as it is aborted, whether the read has begun or not. */
  run<T>(asker: object, signal: AbortSignal, read: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const waiting: PendingRead = {
        begin: () => {
          read()
            .then(resolve, reject)
            .finally(() => {
              signal.removeEventListener("abort", giveUp);
              this.#end(asker);
            });
        },
      };
      const giveUp = () => {
        this.#remove(asker, waiting);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", giveUp, { once: true });
      const own = this.#waiting.get(asker);
      if (own) own.add(waiting);
      else this.#waiting.set(asker, new Set([waiting]));
      this.#beginNext();
    });
  }

  #beginNext(): void {
    const { readsMax, readsPerAskerMax } = this.#options;
    while (this.#reads < readsMax) {
      const asker = this.#nextAsker(readsPerAskerMax);
      if (!asker) return;
      const own = this.#waiting.get(asker)!;
      const [next] = own;
      this.#remove(asker, next!);
      // Its next turn is after all others.
      if (own.size > 0) {
        this.#waiting.delete(asker);
        this.#waiting.set(asker, own);
      }
      this.#reads++;
      this.#reading.set(asker, (this.#reading.get(asker) ?? 0) + 1);
      next!.begin();
    }
  }

  #nextAsker(readsPerAskerMax: number): object | undefined {
    for (const asker of this.#waiting.keys()) {
      if ((this.#reading.get(asker) ?? 0) < readsPerAskerMax) return asker;
    }
    return undefined;
  }

  #remove(asker: object, waiting: PendingRead): void {
    const own = this.#waiting.get(asker);
    own?.delete(waiting);
    if (own?.size === 0) this.#waiting.delete(asker);
  }

  #end(asker: object): void {
    this.#reads--;
    const left = this.#reading.get(asker)! - 1;
    if (left > 0) this.#reading.set(asker, left);
    else this.#reading.delete(asker);
    this.#beginNext();
  }
}
