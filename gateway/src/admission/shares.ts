/**
 * Which clients were admitted recently. Once the queue is half full, a client to whom half of the admitted photos belong is refused while others
 * ask. So a single client may use the whole queue; among others it leaves them half of it, and the mesh is never idle for that.
 */
export class Shares {
  readonly #limitMs: number;
  /** Oldest first, of the last `limitMs`; bounded by what was admitted, not by how many ask. */
  readonly #entries: { client: string; atMs: number }[] = [];
  readonly #counts = new Map<string, number>();
  #latest = { client: "", atMs: Number.NEGATIVE_INFINITY };
  /** When a client other than the latest one last asked. */
  #othersAtMs = Number.NEGATIVE_INFINITY;

  /** @param limitMs the longest that a photo may wait; requests and admissions before that do not count */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** A client asks to be admitted, whatever the answer will be. */
  asked(client: string, nowMs: number): void {
    if (client !== this.#latest.client) this.#othersAtMs = this.#latest.atMs;
    this.#latest = { client, atMs: nowMs };
  }

  /** Whether the client that asked last may be admitted while photos wait for `waitMs`. */
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
