/** Many at once are put in by one sort, few one by one. */
const FEW = 64;

/** Entries in order, for pages: by the order that `compare` gives, in which no two entries may be equal. */
export class Sorted<T> {
  readonly #compare: (a: T, b: T) => number;
  #entries: T[] = [];
  /** Not yet put in. */
  #fresh = new Set<T>();

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  add(entry: T): void {
    this.#fresh.add(entry);
  }

  remove(entry: T): void {
    if (this.#fresh.delete(entry)) return;
    const at = this.#after((other) => this.#compare(other, entry) < 0);
    if (this.#entries[at] === entry) this.#entries.splice(at, 1);
  }

  clear(): void {
    this.#entries = [];
    this.#fresh = new Set();
  }

  /** In order; not to be changed. */
  all(): readonly T[] {
    if (this.#fresh.size > FEW) {
      this.#entries = this.#entries.concat([...this.#fresh]).sort(this.#compare);
    } else {
      for (const entry of this.#fresh) {
        this.#entries.splice(
          this.#after((other) => this.#compare(other, entry) < 0),
          0,
          entry,
        );
      }
    }
    this.#fresh.clear();
    return this.#entries;
  }

  /** Index of the first entry that is not `before`, which must hold for all entries up to some, and for none after. */
  first(before: (entry: T) => boolean): number {
    this.all();
    return this.#after(before);
  }

  #after(before: (entry: T) => boolean): number {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (before(this.#entries[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
