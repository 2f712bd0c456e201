import type { MixPhoto } from "@similarfaces/load";
import { describeFlood, type FloodFigures } from "../floods/figures.js";
import { benchFloods } from "../floods/floods.js";
import { startMeshUnderTest } from "../meshUnderTest.js";
import type { Trial } from "./trial.js";

const FACTORS = [2, 10, 50];
const FLOOD_MS = 60_000;
const LOOP_MS = 20_000;
/** What is promised: the share of the accepted that is done in time, and the share of capacity that is done although more is offered. */
const COMPLETE_SHARE_MIN = 0.99;
const CAPACITY_SHARE_MIN = 0.9;
const ACCEPTED_P99_MS_MAX = 8_000;

export interface FloodTrialsOptions {
  photos: readonly MixPhoto[];
  seed: number;
}

/** More photos than can be done: one trial for each factor. */
export async function floodTrials(
  options: FloodTrialsOptions,
  onTrial: (trial: Trial) => void,
): Promise<void> {
  const ended: string[] = [];
  const mesh = await startMeshUnderTest(
    { SAMPLE_GALLERY: "false" },
    { onDeath: (program, how) => void ended.push(`${program} ${how}`) },
  );
  try {
    await benchFloods({
      url: mesh.url,
      mix: options.photos,
      factors: FACTORS,
      floodMs: FLOOD_MS,
      loopMs: LOOP_MS,
      seed: options.seed,
      onFigures: (figures) => onTrial(trialOf(figures, ended.splice(0))),
    });
  } finally {
    await mesh.stop();
  }
}

/** Visitors of a flood do not reconnect, so nothing can be shown twice. */
function trialOf(figures: FloodFigures, ended: readonly string[]): Trial {
  const { factor, accepted, complete, failed, expired, lost, refused, unanswered } = figures;
  const isDoneInTime = figures.completeShare >= COMPLETE_SHARE_MIN;
  const missed = [
    ...(figures.capacityShare < CAPACITY_SHARE_MIN ? ["too little was done"] : []),
    ...(figures.acceptedMs.p99 > ACCEPTED_P99_MS_MAX ? ["what was accepted took too long"] : []),
    ...(unanswered > 0 ? [`${unanswered} requests had no proper answer`] : []),
  ];
  return {
    name: `flood of ${factor} x capacity`,
    faults: 1,
    accepted,
    completed: complete,
    failed,
    reasons: {},
    expired,
    expiredInVain: isDoneInTime ? 0 : expired,
    lost,
    doubled: 0,
    differing: 0,
    ended: ended.length,
    details: [...ended, ...missed, describeFlood(figures)],
    refusals: refused,
    mayFail: isDoneInTime,
    isMissed: missed.length > 0,
    recoveryP50Ms: Number.NaN,
    recoveryMaxMs: Number.NaN,
  };
}
