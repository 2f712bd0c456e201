import type { JobState } from "@similarfaces/contracts";
import { median } from "../percentiles.js";
import { differences } from "./differences.js";
import type { Observation } from "./observation.js";

/** A time in which work was not possible. Milliseconds since the epoch. */
export interface Outage {
  fromMs: number;
  untilMs: number;
}

export interface Evidence {
  observations: readonly Observation[];
  /** By photo: the job of an undisturbed run. */
  undisturbed: ReadonlyMap<string, JobState>;
  outages: readonly Outage[];
  /** When each fault was over: of a kill at once, of an outage its end. */
  faultsAtMs: readonly number[];
  /** Processes that ended without being killed. */
  ended: readonly string[];
}

export interface Verdict {
  faults: number;
  accepted: number;
  /** Every field answered, or skipped with its face. */
  completed: number;
  /** At least one field is a failure; by code. */
  failed: number;
  reasons: Record<string, number>;
  expired: number;
  /** Of those, in no outage: work was possible when the deadline came. */
  expiredInVain: number;
  /** Nothing of the job is stored, or its visitor never received its end. */
  lost: number;
  /** A result was shown to a visitor twice, or is stored twice. */
  doubled: number;
  /** Other answers than in the undisturbed run, or answers that the visitor was not shown. */
  differing: number;
  /** Milliseconds from each fault's end to the next completed job. */
  recoveryP50Ms: number;
  recoveryMaxMs: number;
  ended: number;
  /** One line for each job that is not as it should be. */
  details: string[];
}

/** After the broker is back its supervisor may pause 2 s before it starts it again. */
const RETURN_MS = 2_000;

/** Counts what was promised and not kept. Pure. */
export function verdictOf({ observations, undisturbed, outages, faultsAtMs, ended }: Evidence): Verdict {
  const verdict: Verdict = {
    faults: faultsAtMs.length,
    accepted: observations.length,
    completed: 0,
    failed: 0,
    reasons: {},
    expired: 0,
    expiredInVain: 0,
    lost: 0,
    doubled: 0,
    differing: 0,
    ...recoveries(observations, faultsAtMs),
    ended: ended.length,
    details: [...ended],
  };
  for (const observation of observations) {
    const note = (what: string) =>
      void verdict.details.push(`job ${observation.jobId} (${observation.photo}) ${what}`);
    const fields = fieldsOf(observation.job);
    const codes = fields.flatMap((field) => (field.state === "failed" ? [field.failure.code] : []));
    if (observation.job.state !== "complete" || observation.completeAtMs === undefined) {
      verdict.lost++;
      note(
        `is lost: ${observation.job.state}${observation.completeAtMs === undefined ? ", its visitor still waits" : ""}`,
      );
    } else if (fields.some(({ state }) => state === "expired")) {
      verdict.expired++;
      if (!isExcused(observation.job, outages)) {
        verdict.expiredInVain++;
        note("expired although work was possible");
      }
    } else if (codes.length > 0) {
      verdict.failed++;
      for (const code of new Set(codes)) verdict.reasons[code] = (verdict.reasons[code] ?? 0) + 1;
    } else {
      verdict.completed++;
    }
    const { shownTwice, storedTwice, notShown } = observation;
    if (shownTwice.length + storedTwice.length > 0) {
      verdict.doubled++;
      note(
        `is doubled: shown ${shownTwice.join(", ") || "once"}; stored ${storedTwice.join(", ") || "once"}`,
      );
    }
    const baseline = undisturbed.get(observation.photo);
    const differing = baseline ? differences(baseline, observation.job) : [];
    if (differing.length + notShown.length > 0) {
      verdict.differing++;
      note(`differs: ${[...differing, ...notShown.map((name) => `${name} not shown`)].join(", ")}`);
    }
  }
  return verdict;
}

function fieldsOf(job: JobState) {
  return [job.extract, ...job.faces.flatMap((face) => Object.values(face.fields))];
}

/** The outage itself reached the deadline: work was not possible from before it until then. */
function isExcused({ accepted }: JobState, outages: readonly Outage[]): boolean {
  const deadlineAtMs = accepted?.deadlineAtMs ?? 0;
  return outages.some(({ fromMs, untilMs }) => fromMs <= deadlineAtMs && deadlineAtMs <= untilMs + RETURN_MS);
}

function recoveries(observations: readonly Observation[], faultsAtMs: readonly number[]) {
  const completions = observations
    .filter(({ job }) => fieldsOf(job).every(({ state }) => state === "done" || state === "skipped"))
    .flatMap(({ completeAtMs }) => completeAtMs ?? [])
    .toSorted((a, b) => a - b);
  const after = faultsAtMs.flatMap((faultAtMs) => {
    const next = completions.find((atMs) => atMs > faultAtMs);
    return next === undefined ? [] : [next - faultAtMs];
  });
  return { recoveryP50Ms: median(after), recoveryMaxMs: Math.max(...after) };
}
