/** The value below which a share of the others lies: the nearest one. NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** "12.3 / 14.0 / 20.1" */
export function triple(values: readonly number[]): string {
  return [0.5, 0.9, 0.99].map((share) => percentile(values, share).toFixed(1)).join(" / ");
}
