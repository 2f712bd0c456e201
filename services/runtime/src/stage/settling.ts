import type { ResultPlace } from "../broker/publish.js";
import type { Computed, Computing, Unanswered } from "./computing.js";
import type { PieceEnd } from "./decision.js";
import type { Publishing } from "./publishing.js";
import type { StageWork } from "./stage.js";

/**
 * What was computed of some pieces is published as one result, and how each has ended, in the same order. If one of them is to come again,
 * nothing is published, and all do.
 */
export type Settle<Work extends StageWork> = (
  computed: readonly Computed<Work>[],
  place: ResultPlace,
  signal: AbortSignal,
) => Promise<PieceEnd[]>;

export function settlingOf<Work extends StageWork>(
  { afterError }: Computing<Work>,
  { publish }: Publishing<Work>,
): Settle<Work> {
  return async function settle(computed, place, signal) {
    try {
      return await publishUnlessAgain(computed, place);
    } catch (error) {
      const after = computed.map((each) =>
        isUnanswered(each) ? each : afterError(each.piece, error, signal),
      );
      return publishUnlessAgain(after, place);
    }
  };

  async function publishUnlessAgain(
    computed: readonly Computed<Work>[],
    place: ResultPlace,
  ): Promise<PieceEnd[]> {
    const delaysMs = computed.flatMap((each) => (isUnanswered(each) ? (each.end.retryInMs ?? []) : []));
    if (delaysMs.length > 0) {
      const again: PieceEnd = { outcome: "retried", retryInMs: Math.min(...delaysMs) };
      return computed.map(() => again);
    }
    const outcomes = computed.flatMap((each) => (isUnanswered(each) ? [] : [each]));
    const published = await publish(outcomes, place);
    return computed.map((each) => (isUnanswered(each) ? each.end : published.shift()!));
  }
}

function isUnanswered<Work extends StageWork>(computed: Computed<Work>): computed is Unanswered {
  return "end" in computed;
}
