import type { FloodPhoto } from "@similarfaces/load";
import { percentile } from "../percentiles.js";

/** What became of one flood. Times in milliseconds, from when a photo was due. */
export interface FloodFigures {
  factor: number;
  offeredPerSecond: number;
  /** Of a closed loop beside as many refused requests. */
  closedPerSecond: number;
  /** From when the mesh is full to the flood's end. */
  completedPerSecond: number;
  /** Completed of what the closed loop got done. */
  capacityShare: number;
  sent: number;
  accepted: number;
  complete: number;
  failed: number;
  expired: number;
  /** Accepted, and its stream ended before the job did. */
  lost: number;
  /** 503. */
  refused: number;
  /** Any other status, or none. */
  unanswered: number;
  /** Complete of the accepted. */
  completeShare: number;
  acceptedMs: { p50: number; p99: number; max: number };
  refusedMs: { p50: number; p99: number };
  /** All results of a single visitor, before the flood and after it: medians. */
  idleMs: { before: number; after: number };
}

/** Of a flood; by then the first photos are through. */
const FULL_AFTER_SHARE = 0.1;

export interface FloodTerms {
  factor: number;
  perSecond: number;
  floodMs: number;
  closedPerSecond: number;
  idle: { before: number; after: number };
}

export function floodFigures(photos: readonly FloodPhoto[], terms: FloodTerms): FloodFigures {
  const { factor, perSecond, floodMs, closedPerSecond, idle } = terms;
  const of = (...outcomes: FloodPhoto["outcome"][]) =>
    photos.filter(({ outcome }) => outcomes.includes(outcome));
  const accepted = of("complete", "failed", "expired", "lost");
  const complete = of("complete");
  const refused = of("refused");
  const fromMs = FULL_AFTER_SHARE * floodMs;
  const inTime = complete.filter(({ dueMs, tookMs }) => dueMs + tookMs > fromMs && dueMs + tookMs <= floodMs);
  const completedPerSecond = (inTime.length / (floodMs - fromMs)) * 1_000;
  const took = complete.map(({ tookMs }) => tookMs);
  const refusing = refused.map(({ tookMs }) => tookMs);
  return {
    factor,
    offeredPerSecond: perSecond,
    closedPerSecond,
    completedPerSecond,
    capacityShare: completedPerSecond / closedPerSecond,
    sent: photos.length,
    accepted: accepted.length,
    complete: complete.length,
    failed: of("failed").length,
    expired: of("expired").length,
    lost: of("lost").length,
    refused: refused.length,
    unanswered: of("rejected", "unanswered").length,
    completeShare: complete.length / accepted.length,
    acceptedMs: { p50: percentile(took, 0.5), p99: percentile(took, 0.99), max: percentile(took, 1) },
    refusedMs: { p50: percentile(refusing, 0.5), p99: percentile(refusing, 0.99) },
    idleMs: idle,
  };
}

/** One flood in a few lines. */
export function describeFlood(figures: FloodFigures): string {
  const { acceptedMs, refusedMs, idleMs } = figures;
  const ms = (value: number) => value.toFixed(0);
  return [
    `${figures.factor}x, ${figures.offeredPerSecond.toFixed(1)} photos/s offered: ${figures.sent} sent, ` +
      `${figures.accepted} accepted, ${figures.refused} refused, ${figures.unanswered} without either answer`,
    `  ${figures.completedPerSecond.toFixed(2)} photos/s complete, a closed loop beside it ` +
      `${figures.closedPerSecond.toFixed(2)}: ${figures.capacityShare.toFixed(2)} of it`,
    `  of the accepted ${figures.complete} complete (${(100 * figures.completeShare).toFixed(1)} %), ${figures.failed} failed, ` +
      `${figures.expired} expired, ${figures.lost} lost; all results p50 / p99 / max ` +
      `${ms(acceptedMs.p50)} / ${ms(acceptedMs.p99)} / ${ms(acceptedMs.max)} ms`,
    `  refused in p50 / p99 ${ms(refusedMs.p50)} / ${ms(refusedMs.p99)} ms; a single visitor before and after: ` +
      `${ms(idleMs.before)} and ${ms(idleMs.after)} ms`,
  ].join("\n");
}
