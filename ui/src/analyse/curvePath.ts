/** An area of 100 by 24 units under the probabilities of bins of equal width, the highest of them 22 units high. */
export function curvePath(probabilities: readonly number[]): string {
  if (probabilities.length === 0) return "";
  const highest = Math.max(...probabilities, Number.MIN_VALUE);
  const last = Math.max(1, probabilities.length - 1);
  const points = probabilities.map((probability, bin) => {
    const x = (bin / last) * 100;
    const y = 24 - (probability / highest) * 22;
    return `${round(x)} ${round(y)}`;
  });
  return `M0 24L${points.join("L")}L100 24Z`;
}

const round = (value: number): number => Math.round(value * 100) / 100;
