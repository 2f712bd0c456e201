import { expect, it } from "vitest";
import { observedLater } from "@similarfaces/inference";

const age = { name: "compact-age@2.0.0+int8", precision: "int8" } as const;

it("tells an observer that comes late what has happened, in its order, and then what happens", () => {
  const { observer, observe } = observedLater();
  const told: unknown[] = [];
  observer.onLoad(age, 0.25);
  observer.onOpen(() => ({ workers: 2, busy: 1, waiting: 0 }));
  observe({
    onLoad: ({ name }, seconds) => told.push([name, seconds]),
    onOpen: (load) => told.push(load()),
  });
  observer.onLoad(age, 0.5);
  expect(told).toEqual([[age.name, 0.25], { workers: 2, busy: 1, waiting: 0 }, [age.name, 0.5]]);
});
