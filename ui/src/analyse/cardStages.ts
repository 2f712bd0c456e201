import type { AcceptedJson } from "@similarfaces/contracts/job";
import { createMemo, type Accessor } from "solid-js";
import { analyzers, analyzersAtFirst, inOrder } from "../analyzers";
import { isAnalysis } from "../stages";

/**
 * The analyzers that have a place in a job's cards, in their order: before it is accepted those that would be asked; then those that were,
 * and those that could have been. One that comes later has no place in it, so that nothing moves.
 */
export function createCardStages(accepted: Accessor<AcceptedJson | undefined>): Accessor<readonly string[]> {
  const stages = createMemo(() => accepted()?.stages);
  return createMemo(
    () => {
      const asked = stages()?.filter(isAnalysis);
      if (!asked) return inOrder(analyzers().map(({ name }) => name));
      return inOrder([...new Set([...asked, ...analyzersAtFirst()])]);
    },
    [],
    { equals: (a, b) => a.length === b.length && a.every((name, at) => name === b[at]) },
  );
}
