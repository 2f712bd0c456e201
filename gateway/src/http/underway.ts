import { setTimeout as pause } from "node:timers/promises";

/** How long `close` waits for the answers under way, then for those of requests that came meanwhile, then for the ends of bodies that were answered early. */
const ANSWERS_MS = 5_000;
/** A connection that the system has accepted and the server has not would be reset with the listening socket. */
const ARRIVING_MS = 100;
const LATE_ANSWERS_MS = 1_000;
const BODIES_MS = 500;

/** Requests that wait for their answer, or whose body goes on after it. */
export class Underway {
  readonly #unanswered = new Set<Promise<void>>();
  readonly #open = new Set<Promise<void>>();

  /** @returns what to call when the answer was sent, or the client is gone; and when nothing more comes. Both may be called twice. */
  begin(): { answered(): void; ended(): void } {
    return { answered: entryOf(this.#unanswered), ended: entryOf(this.#open) };
  }

  /** Waits a bounded time; `stopListening` is called in between, so that requests that come before it are answered too. */
  async settled(stopListening: () => void): Promise<void> {
    await allOr(this.#unanswered, ANSWERS_MS);
    await pause(ARRIVING_MS);
    stopListening();
    await allOr(this.#unanswered, LATE_ANSWERS_MS);
    await allOr(this.#open, BODIES_MS);
  }
}

function entryOf(set: Set<Promise<void>>): () => void {
  let resolve = () => {};
  const entry = new Promise<void>((settle) => (resolve = settle));
  set.add(entry);
  return () => {
    set.delete(entry);
    resolve();
  };
}

/** Waits for the entries of now, not for those added meanwhile. */
async function allOr(entries: ReadonlySet<Promise<void>>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([Promise.all(entries), late]);
  clearTimeout(timer);
}
