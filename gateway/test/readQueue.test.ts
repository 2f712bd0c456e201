import { describe, expect, it } from "vitest";
import { ReadQueue } from "../src/relay/readQueue.js";

/** Reads that end when they are told to. */
function heldReads(queue: ReadQueue) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    begun,
    run: (asker: object, name: string, signal = new AbortController().signal) =>
      queue.run(asker, signal, () => {
        begun.push(name);
        return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
      }),
    end: async (name: string) => {
      ends.get(name)!();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe("reads of the stream", () => {
  it("are so many at once, of all and of each, and who asks once is before the rest of who asks for many", async () => {
    const reads = heldReads(new ReadQueue({ readsMax: 3, readsPerAskerMax: 2 }));
    const [greedy, modest] = [{}, {}];
    const all = ["a", "b", "c", "d"].map((name) => reads.run(greedy, name));
    expect(reads.begun).toEqual(["a", "b"]);
    all.push(reads.run(modest, "one"));
    expect(reads.begun).toEqual(["a", "b", "one"]);
    all.push(reads.run({}, "another"));
    await reads.end("a");
    // The greedy one's turn is the nearest.
    expect(reads.begun).toEqual(["a", "b", "one", "c"]);
    await reads.end("b");
    expect(reads.begun).toEqual(["a", "b", "one", "c", "another"]);
    for (const name of ["one", "c", "d", "another"]) await reads.end(name);
    expect(await Promise.all(all)).toEqual(["a", "b", "c", "d", "one", "another"]);
  });

  it("that nobody wants any more leave the queue at once, and their place", async () => {
    const reads = heldReads(new ReadQueue({ readsMax: 1, readsPerAskerMax: 1 }));
    const gone = new AbortController();
    const first = reads.run({}, "first", gone.signal);
    const second = reads.run({}, "second", gone.signal);
    const third = reads.run({}, "third");
    gone.abort(new Error("gone"));
    await expect(first).rejects.toThrow("gone");
    await expect(second).rejects.toThrow("gone");
    // What has begun still costs the broker.
    expect(reads.begun).toEqual(["first"]);
    await reads.end("first");
    expect(reads.begun).toEqual(["first", "third"]);
    await reads.end("third");
    expect(await third).toBe("third");
    await expect(reads.run({}, "late", gone.signal)).rejects.toThrow("gone");
  });

  it("that fail give their place free", async () => {
    const queue = new ReadQueue({ readsMax: 1, readsPerAskerMax: 1 });
    const { signal } = new AbortController();
    await expect(queue.run({}, signal, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await queue.run({}, signal, () => Promise.resolve("yes"))).toBe("yes");
  });
});
