import { expect, it } from "vitest";
import { Sorted } from "../src/drivers/nats/memory/sorted.js";

it("stays in order through additions and removals, many and few", () => {
  const sorted = new Sorted<{ n: number }>((a, b) => a.n - b.n);
  const there = new Map<number, { n: number }>();
  let state = 1;
  const random = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 60; round++) {
    const changes = round % 5 === 0 ? 300 : 7;
    for (let i = 0; i < changes; i++) {
      const n = random(5_000);
      const known = there.get(n);
      if (known) {
        sorted.remove(known);
        there.delete(n);
      } else {
        const entry = { n };
        sorted.add(entry);
        there.set(n, entry);
      }
    }
    const expected = [...there.keys()].sort((a, b) => a - b);
    expect(sorted.all().map(({ n }) => n)).toEqual(expected);
    const behind = expected[Math.floor(expected.length / 2)]!;
    expect(sorted.first(({ n }) => n <= behind)).toBe(expected.indexOf(behind) + 1);
  }
});
