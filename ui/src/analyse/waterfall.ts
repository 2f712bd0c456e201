import type { Field, JobView } from "@similarfaces/contracts/job";
import { hasConsumer, answersPerFace, rowOf, type StageName } from "@similarfaces/contracts/stages";
import type { Received } from "../jobs/createJob";

/** From and to, in milliseconds after the photo was accepted. */
export type Span = readonly [fromMs: number, toMs: number];

export interface Row {
  stage: StageName;
  state: Field<unknown>["state"] | "queued";
  /** In the queue, until a worker took it. */
  wait?: Span;
  /** In the queue since then, and still: milliseconds after the photo was accepted. */
  waitsSinceMs?: number;
  work?: Span;
  /** The work for the other faces of the photo. */
  others: Span[];
}

/**
 * One row for each of `stages`: the chosen face's wait and work, the other faces' work; empty before there is a job. What is answered along
 * with another stage's result has no work of its own, and no row.
 */
export function rowsOf(job: JobView | undefined, stages: readonly StageName[], face: number): Row[] {
  const shown = stages.filter(hasConsumer);
  if (!job?.accepted) return shown.map((stage) => ({ stage, state: "queued", others: [] }));
  const { accepted, extract, faces } = job;
  const { acceptedAtMs } = accepted;
  const chosen = faces.find(({ index }) => index === face)?.fields;
  return shown.map((stage) => {
    if (!answersPerFace(stage)) return { stage, others: [], ...barOf(extract, acceptedAtMs, acceptedAtMs) };
    const others = faces
      .filter(({ index }) => index !== face)
      .map(({ fields }) => workOf(fields[stage], acceptedAtMs))
      .filter((span) => span !== undefined);
    const field = chosen?.[stage];
    if (!field) return { stage, state: "queued" as const, others };
    const { source } = rowOf(stage);
    const cause = source === undefined || source === "extract" ? extract : chosen[source];
    return { stage, others, ...barOf(field, acceptedAtMs, endOf(cause)) };
  });
}

/** The visitor's own wait, by the clock of the page: milliseconds of `performance.now()`. */
export interface Wait {
  givenAtMs: number;
  received: Received;
}

/** Milliseconds, each once it is known. */
export interface Headlines {
  /** Until the boxes were there: after the photo was given; for who did not give it, after it was accepted, by the installation's clock. */
  firstBoxMs?: number;
  /** From giving the photo to the last answer received. */
  allMs?: number;
  /** From the photo's acceptance to the last answer made, by the installation's clock. */
  modelsMs?: number;
}

/** `wait` is undefined for who opens a link. */
export function headlinesOf(job: JobView | undefined, wait: Wait | undefined): Headlines {
  const acceptedAtMs = job?.accepted?.acceptedAtMs;
  if (!job || acceptedAtMs === undefined) return {};
  const isComplete = job.state === "complete";
  const boxesAtMs = job.extract.state === "done" && job.faces.length > 0 ? endOf(job.extract) : undefined;
  const ends = isComplete ? endsOf(job) : [];
  const after = (sinceMs: number, atMs: number | undefined) => atMs && Math.max(0, atMs - sinceMs);
  const firstBoxMs = wait ? after(wait.givenAtMs, wait.received.boxesAtMs) : after(acceptedAtMs, boxesAtMs);
  const allMs = wait && isComplete ? after(wait.givenAtMs, wait.received.lastAtMs) : undefined;
  const modelsMs = ends.length > 0 ? after(acceptedAtMs, Math.max(...ends)) : undefined;
  return {
    ...(firstBoxMs === undefined ? {} : { firstBoxMs }),
    ...(allMs === undefined ? {} : { allMs }),
    ...(modelsMs === undefined ? {} : { modelsMs }),
  };
}

/** The end of everything drawn so far, milliseconds after the photo was accepted; what waits still ends now. */
export function lastMs(rows: readonly Row[], nowMs: number): number {
  const ends = rows.flatMap(({ wait, waitsSinceMs, work, others }) => [
    wait?.[1] ?? 0,
    waitsSinceMs === undefined ? 0 : nowMs,
    work?.[1] ?? 0,
    ...others.map((span) => span[1]),
  ]);
  return Math.max(0, ...ends);
}

/** A line from each span's beginning to its end, all of them one path. */
export const pathOf = (spans: readonly Span[], y: number): string =>
  spans.map(([from, to]) => `M${from} ${y}H${to}`).join("");

function barOf(
  field: Field<unknown>,
  acceptedAtMs: number,
  queuedAtMs: number | undefined,
): Pick<Row, "state" | "wait" | "waitsSinceMs" | "work"> {
  const { state } = field;
  const timings = "timings" in field ? field.timings : undefined;
  if (timings) {
    const work = spanOf(timings.startedAtMs, timings.finishedAtMs, acceptedAtMs);
    return { state, wait: spanOf(timings.queuedAtMs, timings.startedAtMs, acceptedAtMs), work };
  }
  if (state !== "pending" || queuedAtMs === undefined)
    return { state: state === "pending" ? "queued" : state };
  return { state, waitsSinceMs: Math.max(0, queuedAtMs - acceptedAtMs) };
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

const endsOf = ({ extract, faces }: JobView): number[] =>
  [extract, ...faces.flatMap(({ fields }) => Object.values(fields))].flatMap((field) => endOf(field) ?? []);

function endOf(field: Field<unknown> | undefined): number | undefined {
  return field && "timings" in field ? field.timings?.finishedAtMs : undefined;
}
