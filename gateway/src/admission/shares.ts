/**
 * Who was let in of late. Once the queue is half full, a client that has had half of what was let in is refused while others ask: so
 * one that comes alone has everything, and among others it leaves them the other half of the queue, without leaving the mesh idle.
 */
export class Shares {
  readonly #limitMs: number;
  /** Oldest first, of the last `limitMs`: what was let in bounds it, not what asked. */
  readonly #entries: { client: string; atMs: number }[] = [];
  readonly #counts = new Map<string, number>();
  #latest = { client: "", atMs: Number.NEGATIVE_INFINITY };
  /** Of the clients that are not the latest, when one last asked. */
  #othersAtMs = Number.NEGATIVE_INFINITY;

  /** @param limitMs the longest that a photo may wait; who asked or was let in longer ago does not count */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** A client asks, whatever it will be answered. */
  asked(client: string, nowMs: number): void {
    if (client !== this.#latest.client) this.#othersAtMs = this.#latest.atMs;
    this.#latest = { client, atMs: nowMs };
  }

  /** Whether the client that asked last may come in where photos wait for so long. */
  mayEnter(waitMs: number, nowMs: number): boolean {
    this.#age(nowMs);
    if (waitMs <= this.#limitMs / 2 || nowMs - this.#othersAtMs > this.#limitMs) return true;
    const own = this.#counts.get(this.#latest.client) ?? 0;
    return 2 * own <= this.#entries.length;
  }

  entered(client: string, nowMs: number): void {
    this.#entries.push({ client, atMs: nowMs });
    this.#counts.set(client, (this.#counts.get(client) ?? 0) + 1);
  }

  #age(nowMs: number): void {
    let old = 0;
    for (const { client, atMs } of this.#entries) {
      if (nowMs - atMs <= this.#limitMs) break;
      old++;
      const left = this.#counts.get(client)! - 1;
      if (left > 0) this.#counts.set(client, left);
      else this.#counts.delete(client);
    }
    this.#entries.splice(0, old);
  }
}
