import type { Field, JobView } from "@similarfaces/contracts/job";
import { hasConsumer, answersPerFace, rowOf, type StageName } from "@similarfaces/contracts/stages";

/** From and to, in milliseconds after the photo was accepted. */
export type Span = readonly [fromMs: number, toMs: number];

export interface Row {
  stage: StageName;
  state: Field<unknown>["state"] | "queued";
  /** In the queue, until a worker took it; still growing while pending. */
  wait?: Span;
  work?: Span;
  /** The work for the other faces of the photo. */
  others: Span[];
}

/**
 * One row for each of `stages`: the chosen face's wait and work, the other faces' work; empty before there is a job. What is answered along
 * with another stage's result has no work of its own, and no row.
 */
export function rowsOf(
  job: JobView | undefined,
  stages: readonly StageName[],
  face: number,
  nowMs: number,
): Row[] {
  const shown = stages.filter(hasConsumer);
  if (!job?.accepted) return shown.map((stage) => ({ stage, state: "queued", others: [] }));
  const { accepted, extract, faces } = job;
  const { acceptedAtMs } = accepted;
  const chosen = faces.find(({ index }) => index === face)?.fields;
  return shown.map((stage) => {
    if (!answersPerFace(stage))
      return { stage, others: [], ...barOf(extract, acceptedAtMs, acceptedAtMs, nowMs) };
    const others = faces
      .filter(({ index }) => index !== face)
      .map(({ fields }) => workOf(fields[stage], acceptedAtMs))
      .filter((span) => span !== undefined);
    const field = chosen?.[stage];
    if (!field) return { stage, state: "queued" as const, others };
    const { source } = rowOf(stage);
    const cause = source === undefined || source === "extract" ? extract : chosen[source];
    return { stage, others, ...barOf(field, acceptedAtMs, endOf(cause), nowMs) };
  });
}

/** Milliseconds after acceptance: when the boxes were there, and when the last answer was. */
export interface Headlines {
  firstBoxMs?: number;
  allMs?: number;
}

export function headlinesOf(job: JobView): Headlines {
  const acceptedAtMs = job.accepted?.acceptedAtMs;
  if (acceptedAtMs === undefined) return {};
  const firstBoxAtMs = job.extract.state === "done" && job.faces.length > 0 ? endOf(job.extract) : undefined;
  const fields = [job.extract, ...job.faces.flatMap(({ fields }) => Object.values(fields))];
  const ends = fields.flatMap((field) => endOf(field) ?? []);
  return {
    ...(firstBoxAtMs === undefined ? {} : { firstBoxMs: firstBoxAtMs - acceptedAtMs }),
    ...(job.state === "complete" && ends.length > 0 ? { allMs: Math.max(...ends) - acceptedAtMs } : {}),
  };
}

/** The end of everything drawn so far. */
export function lastMs(rows: readonly Row[]): number {
  const ends = rows.flatMap(({ wait, work, others }) => [
    wait?.[1] ?? 0,
    work?.[1] ?? 0,
    ...others.map((span) => span[1]),
  ]);
  return Math.max(0, ...ends);
}

const STEPS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];

/** The axis is longer than what it shows and grows in steps, so that nothing creeps while a job runs. */
export function axisMsOf(ms: number): number {
  const least = Math.max(ms, 50);
  const magnitude = 10 ** Math.floor(Math.log10(least));
  return magnitude * STEPS.find((step) => step * magnitude >= least)!;
}

/** Where the axis has its marks: four equal parts. */
export const marksOf = (axisMs: number): number[] => [0, axisMs / 4, axisMs / 2, (axisMs * 3) / 4, axisMs];

function barOf(
  field: Field<unknown>,
  acceptedAtMs: number,
  queuedAtMs: number | undefined,
  nowMs: number,
): Pick<Row, "state" | "wait" | "work"> {
  const { state } = field;
  const timings = "timings" in field ? field.timings : undefined;
  if (timings) {
    const work = spanOf(timings.startedAtMs, timings.finishedAtMs, acceptedAtMs);
    return { state, wait: spanOf(timings.queuedAtMs, timings.startedAtMs, acceptedAtMs), work };
  }
  if (state !== "pending" || queuedAtMs === undefined)
    return { state: state === "pending" ? "queued" : state };
  return { state, wait: spanOf(queuedAtMs, nowMs, acceptedAtMs) };
}

function workOf(field: Field<unknown> | undefined, acceptedAtMs: number): Span | undefined {
  const timings = field && "timings" in field ? field.timings : undefined;
  return timings && spanOf(timings.startedAtMs, timings.finishedAtMs, acceptedAtMs);
}

/** Clocks of different machines may disagree a little: nothing is before the photo, nothing ends before it begins. */
function spanOf(fromMs: number, toMs: number, acceptedAtMs: number): Span {
  const from = Math.max(0, fromMs - acceptedAtMs);
  return [from, Math.max(from, toMs - acceptedAtMs)];
}

function endOf(field: Field<unknown> | undefined): number | undefined {
  return field && "timings" in field ? field.timings?.finishedAtMs : undefined;
}
