import { expect, it } from "vitest";
import { KeptProgram } from "../src/supervisor/keptProgram.js";

const ENDS_AT_ONCE = {
  name: "broker",
  command: process.execPath,
  args: ["-e", "process.exit(1)"],
  env: process.env,
  isService: false,
};

/** What becomes of a program that ends at once, until it is given up or has died so often. */
async function fateOf(deaths: number, { hasServed }: { hasServed: boolean }): Promise<string[]> {
  const fate: string[] = [];
  let onEnd = () => {};
  const ended = new Promise<void>((resolve) => (onEnd = resolve));
  const kept = new KeptProgram(ENDS_AT_ONCE, {
    started: () => {},
    ready: () => {},
    line: () => {},
    died: () => void (fate.push("died") === deaths && onEnd()),
    gaveUp: () => void (fate.push("gave up") && onEnd()),
  });
  kept.start();
  if (hasServed) kept.hasServed();
  await ended;
  await kept.stop(1_000);
  return fate;
}

it("a program that never served is given up after three starts", async () => {
  expect(await fateOf(5, { hasServed: false })).toEqual(["died", "died", "gave up"]);
});

it("one that others have worked with never is, however soon it ends each time", async () => {
  expect(await fateOf(5, { hasServed: true })).toEqual(["died", "died", "died", "died", "died"]);
});
