export interface Point {
  /** How many of what grows. */
  at: number;
  /** What it costs. */
  ms: number;
}

export interface Growth {
  /** b of ms = a at^b, by least squares through the logarithms. */
  exponent: number;
  /** Between the last two points alone: what a constant part hides from the fit. */
  lastStep: number;
}

/** Measurements waver: what exceeds linear by less is none. */
const BEYOND = 0.1;

/** Undefined for fewer than two points, and where one of them is not positive: such a one has no logarithm. */
export function growthOf(points: readonly Point[]): Growth | undefined {
  if (points.length < 2 || points.some(({ at, ms }) => !(at > 0 && ms > 0))) return undefined;
  return { exponent: slope(points), lastStep: slope(points.slice(-2)) };
}

export const isFasterThanLinear = ({ exponent, lastStep }: Growth): boolean =>
  Math.max(exponent, lastStep) > 1 + BEYOND;

function slope(points: readonly Point[]): number {
  const logs = points.map(({ at, ms }) => ({ x: Math.log(at), y: Math.log(ms) }));
  const [meanX, meanY] = [mean(logs.map(({ x }) => x)), mean(logs.map(({ y }) => y))];
  const covariance = mean(logs.map(({ x, y }) => (x - meanX) * (y - meanY)));
  return covariance / mean(logs.map(({ x }) => (x - meanX) ** 2));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
