/** A photo that was admitted before its body was read holds its place for so long; if it comes later, it is checked again. */
const RESERVED_MS = 2_000;

/** An admitted photo, until a sample of the broker contains it. */
export interface Entrant {
  /** Its work message is in the broker. */
  stored(nowMs: number): void;
  /** It failed: its work message will not come. */
  left(): void;
}

/** The photos that this gateway has admitted and that no sample of the broker contains yet. */
export class Entrants {
  /** Oldest first. */
  #reservations: { client: string; untilMs: number }[] = [];
  readonly #entering = new Map<Entrant, number>();

  count(nowMs: number): number {
    const expired = this.#reservations.findIndex(({ untilMs }) => untilMs > nowMs);
    if (expired !== 0) this.#reservations.splice(0, expired < 0 ? this.#reservations.length : expired);
    return this.#reservations.length + this.#entering.size;
  }

  /** For a photo whose body is still to be read. */
  reserve(client: string, nowMs: number): void {
    this.#reservations.push({ client, untilMs: nowMs + RESERVED_MS });
  }

  /** Uses up a reservation of the client. @returns false where it has none that is still valid */
  claim(client: string, nowMs: number): boolean {
    this.count(nowMs);
    const at = this.#reservations.findIndex((reservation) => reservation.client === client);
    if (at >= 0) this.#reservations.splice(at, 1);
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

  /** A sample that was begun then contains every photo that was stored before. */
  sampled(begunAtMs: number): void {
    for (const [entrant, storedAtMs] of this.#entering) {
      if (storedAtMs < begunAtMs) this.#entering.delete(entrant);
    }
  }
}
