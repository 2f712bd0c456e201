import { decimalsOf, roundStep } from "./ticks";

export interface TimeAxis {
  endMs: number;
  /** From 0 to the end, evenly apart, all in one unit. */
  marks: readonly { atMs: number; text: string }[];
}

/** What an axis is written in, by its length. */
const UNITS = [
  { name: "ms", ms: 1, untilMs: 1_000 },
  { name: "s", ms: 1_000, untilMs: 120_000 },
  { name: "min", ms: 60_000, untilMs: Number.POSITIVE_INFINITY },
] as const;
const LENGTH_MS_MIN = 50;

/** An axis of two to `partsMax` round parts, no shorter than `ms`: it grows a part at a time, so that nothing creeps while a job runs. */
export function timeAxisOf(ms: number, partsMax: number): TimeAxis {
  const length = Math.max(ms, LENGTH_MS_MIN);
  const unit = UNITS.find(({ untilMs }) => length < untilMs)!;
  const step = roundStep(length / unit.ms, partsMax) * unit.ms;
  const parts = Math.max(2, Math.ceil(length / step));
  const endMs = parts * step;
  const shown = UNITS.find(({ untilMs }) => endMs < untilMs)!;
  const decimals = decimalsOf(step / shown.ms);
  const marks = Array.from({ length: parts + 1 }, (_, part) => ({
    atMs: part * step,
    text: `${part === 0 ? "0" : ((part * step) / shown.ms).toFixed(decimals)} ${shown.name}`,
  }));
  return { endMs, marks };
}
