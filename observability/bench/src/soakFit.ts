/** Photos done by a moment, and the resident memory of a process then. */
export interface Sample {
  photos: number;
  kib: number;
}

export interface Slope {
  kibPerThousandPhotos: number;
  /** Half the width of the 95 % interval. */
  halfWidth: number;
  /** Means that the line was laid through. */
  blocks: number;
}

const BLOCKS_MAX = 32;
const BLOCKS_MIN = 6;

/**
 * The least-squares line of memory over photos. Samples that follow one another are correlated (memory goes up and down with the collector), so an
 * interval from single ones would be far too narrow: the line goes through means of blocks, as many as there can be while the
 * deviations of neighbouring blocks are not correlated by more than chance.
 * @returns undefined for fewer samples than six blocks need, or where no photo lies between them
 */
export function slopeOf(samples: readonly Sample[]): Slope | undefined {
  let slope: Slope | undefined;
  for (let blocks = BLOCKS_MAX; blocks >= BLOCKS_MIN; blocks = Math.floor(blocks / 1.5)) {
    const means = blockMeans(samples, blocks);
    const line = means && fit(means);
    if (!line) continue;
    slope = { kibPerThousandPhotos: line.slope, halfWidth: line.halfWidth, blocks };
    if (Math.abs(line.neighbours) <= 2 / Math.sqrt(blocks)) break;
  }
  return slope;
}

/** Whether the interval does not contain 0. */
export function isSloping({ kibPerThousandPhotos, halfWidth }: Slope): boolean {
  return Math.abs(kibPerThousandPhotos) > halfWidth;
}

interface Point {
  x: number;
  y: number;
}

/** Of equally many samples each, two at least; x in thousands of photos. */
function blockMeans(samples: readonly Sample[], blocks: number): Point[] | undefined {
  const size = Math.floor(samples.length / blocks);
  if (size < 2) return undefined;
  return Array.from({ length: blocks }, (_, i) => {
    const block = samples.slice(i * size, (i + 1) * size);
    const sum = (of: (sample: Sample) => number) => block.reduce((total, sample) => total + of(sample), 0);
    return { x: sum(({ photos }) => photos) / size / 1_000, y: sum(({ kib }) => kib) / size };
  });
}

function fit(points: readonly Point[]): { slope: number; halfWidth: number; neighbours: number } | undefined {
  const n = points.length;
  const mean = (of: (point: Point) => number) => points.reduce((total, point) => total + of(point), 0) / n;
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)];
  const spread = points.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
  if (points.at(-1)!.x <= points[0]!.x) return undefined;
  const slope = points.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0) / spread;
  const left = points.map((point) => point.y - y - slope * (point.x - x));
  const squares = left.reduce((sum, value) => sum + value ** 2, 0);
  const products = left.slice(1).reduce((sum, value, i) => sum + value * left[i]!, 0);
  const error = Math.sqrt(squares / (n - 2) / spread);
  return { slope, halfWidth: student975(n - 2) * error, neighbours: squares === 0 ? 0 : products / squares };
}

/** The 97.5th percentile of Student's t, by the Cornish-Fisher expansion: within 0.4 % from four degrees of freedom on. */
function student975(degrees: number): number {
  const z = 1.959964;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
  ];
  return terms.reduce((sum, term, i) => sum + term / degrees ** (i + 1), z);
}
