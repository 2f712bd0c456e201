/** The mean of the values 0, 1, 2, ... under their probabilities. */
export function expectation(probabilities: ArrayLike<number>): number {
  let weighted = 0;
  let mass = 0;
  for (let value = 0; value < probabilities.length; value++) {
    weighted += value * probabilities[value]!;
    mass += probabilities[value]!;
  }
  return weighted / mass;
}

/**
 * The value below which a share (0..1) of the probability of 0, 1, 2, ... lies. Each value v stands for the interval
 * from v - 0.5 to v + 0.5, over which its probability is spread evenly, so that the median of a symmetric
 * distribution is its mean; the answer is never below 0 nor above the last value.
 */
export function quantile(probabilities: ArrayLike<number>, share: number): number {
  let mass = 0;
  for (let i = 0; i < probabilities.length; i++) mass += probabilities[i]!;
  const last = probabilities.length - 1;
  let below = 0;
  for (let value = 0; value <= last; value++) {
    const here = probabilities[value]! / mass;
    if (here > 0 && below + here >= share) {
      return Math.min(Math.max(value - 0.5 + (share - below) / here, 0), last);
    }
    below += here;
  }
  return last;
}

/** Index of the largest value, the first of equals. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** Rounded to a number of decimals. */
export function round(value: number, decimals: number): number {
  const power = 10 ** decimals;
  return Math.round(value * power) / power;
}
