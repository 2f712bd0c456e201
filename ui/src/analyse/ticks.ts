/** The smallest of 1, 2 and 5 times the powers of ten of which `stepsMax` are at least as long as `length`. */
export function roundStep(length: number, stepsMax: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(length / stepsMax));
  return magnitude * [1, 2, 5, 10].find((step) => step * magnitude * stepsMax >= length)!;
}

/** Round values from `first` to `last`, evenly apart, no more than `stepsMax` steps. */
export function ticksBetween(first: number, last: number, stepsMax: number): number[] {
  if (!(last > first)) return [first];
  const step = roundStep(last - first, stepsMax);
  const ticks: number[] = [];
  // Counted, not added up: 0.1 ten times is not 1.
  for (let count = Math.ceil(first / step); count * step <= last; count++) ticks.push(count * step);
  return ticks;
}

/** Decimals that a multiple of `step` is written with. */
export const decimalsOf = (step: number): number => Math.max(0, -Math.floor(Math.log10(step)));
