/** A photo that is let in and whose body is still being read holds its place for so long, and after that asks again. */
const PLACE_MS = 2_000;

/** A photo on its way from being let in to being seen by a look at the broker. */
export interface Entrant {
  /** It is in the broker. */
  stored(nowMs: number): void;
  /** It is not, and will not be. */
  left(): void;
}

/** The photos of this gateway that no look at the broker has seen yet. */
export class Entrants {
  /** Oldest first. */
  #places: { client: string; untilMs: number }[] = [];
  readonly #entering = new Map<Entrant, number>();

  /** Photos that a look cannot have seen. */
  count(nowMs: number): number {
    const expired = this.#places.findIndex(({ untilMs }) => untilMs > nowMs);
    if (expired !== 0) this.#places.splice(0, expired < 0 ? this.#places.length : expired);
    return this.#places.length + this.#entering.size;
  }

  /** A place for a photo whose body is still to be read. */
  hold(client: string, nowMs: number): void {
    this.#places.push({ client, untilMs: nowMs + PLACE_MS });
  }

  /** Whether the client still had a place, which it then has no more. */
  take(client: string, nowMs: number): boolean {
    this.count(nowMs);
    const at = this.#places.findIndex((place) => place.client === client);
    if (at >= 0) this.#places.splice(at, 1);
    return at >= 0;
  }

  enter(): Entrant {
    const entrant: Entrant = {
      stored: (nowMs) => void (this.#entering.has(entrant) && this.#entering.set(entrant, nowMs)),
      left: () => void this.#entering.delete(entrant),
    };
    this.#entering.set(entrant, Number.POSITIVE_INFINITY);
    return entrant;
  }

  /** A look that began then has seen whatever was stored before. */
  seen(lookBeganAtMs: number): void {
    for (const [entrant, storedAtMs] of this.#entering) {
      if (storedAtMs < lookBeganAtMs) this.#entering.delete(entrant);
    }
  }
}
