/** Waiting requests, the lowest priority first, equal ones in order of arrival. */
export class PriorityQueue<T extends { readonly priority: number }> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    // Binary search for the first later one: arrivals are nearly in order, so little moves.
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#items[middle]!.priority <= item.priority) low = middle + 1;
      else high = middle;
    }
    this.#items.splice(low, 0, item);
  }

  shift(): T | undefined {
    return this.#items.shift();
  }

  /** True if it was still waiting. */
  remove(item: T): boolean {
    const at = this.#items.indexOf(item);
    if (at >= 0) this.#items.splice(at, 1);
    return at >= 0;
  }
}
