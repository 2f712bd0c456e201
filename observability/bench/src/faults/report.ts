import type { Trial } from "./trial.js";

const COLUMNS = [
  "faults",
  "accepted",
  "completed",
  "failed",
  "expired",
  "in vain",
  "lost",
  "doubled",
  "differing",
  "ended",
  "sent again",
  "recovery p50 / max s",
] as const;
const NAME_WIDTH = 26;

export const TRIAL_HEAD = [" ".repeat(NAME_WIDTH), ...COLUMNS].join("  ");

/** One row of what a trial has brought, under `TRIAL_HEAD`. */
export function trialLine(trial: Trial): string {
  const recovery = [trial.recoveryP50Ms, trial.recoveryMaxMs].map((ms) =>
    Number.isFinite(ms) ? (ms / 1_000).toFixed(1) : "-",
  );
  const cells = [
    trial.faults,
    trial.accepted,
    trial.completed,
    trial.failed,
    trial.expired,
    trial.expiredInVain,
    trial.lost,
    trial.doubled,
    trial.differing,
    trial.ended,
    trial.refusals,
    recovery.join(" / "),
  ].map((cell, i) => String(cell).padStart(COLUMNS[i]!.length));
  const reasons = Object.entries(trial.reasons).map(([code, count]) => `${count} ${code}`);
  return [trial.name.padEnd(NAME_WIDTH), ...cells, ...reasons].join("  ");
}

/**
 * Whether a trial kept what is promised: nothing lost or shown twice, every answer as undisturbed; nothing expired unless an outage lasted
 * until the deadline; no process ended unless it, or the broker, was killed; no failure unless the store itself refused.
 */
export function isAsWanted(trial: Trial): boolean {
  const { lost, doubled, expiredInVain, differing, ended, failed, mayFail, mayEnd } = trial;
  const faults = lost + doubled + expiredInVain + differing + (mayEnd ? 0 : ended) + (mayFail ? 0 : failed);
  return faults === 0 && trial.accepted > 0 && !trial.isMissed;
}
