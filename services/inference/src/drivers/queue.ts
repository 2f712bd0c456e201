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

  /** The first ones of a kind, at most `max`, in order; they stay. */
  first(max: number, isOfKind: (item: T) => boolean): T[] {
    const found: T[] = [];
    for (const item of this.#items) {
      if (found.length === max) break;
      if (isOfKind(item)) found.push(item);
    }
    return found;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  /** True if it was still waiting. */
  remove(item: T): boolean {
    const at = this.#items.indexOf(item);
    if (at >= 0) this.#items.splice(at, 1);
    return at >= 0;
  }
}
