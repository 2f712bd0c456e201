import { round } from "@similarfaces/vision";

const DECIMALS = 4;

export function share(count: number, of: number): number {
  return of === 0 ? 0 : round(count / of, DECIMALS);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** The lower one of the two in the middle; 0 of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
}

/** Half the width of the interval that holds the true share 19 times in 20 (normal approximation). */
export function ci95(accuracy: number, n: number): number {
  return round(1.96 * Math.sqrt(Math.max(accuracy * (1 - accuracy), 1e-9) / Math.max(1, n)), DECIMALS);
}

/** `measure` of each value that a group takes, groups in the order of `order`, then of their names. */
export function byGroup<T extends { groups: Readonly<Record<string, string>> }>(
  items: readonly T[],
  group: string,
  measure: (items: readonly T[]) => unknown,
): Record<string, unknown> {
  const parts = new Map<string, T[]>();
  for (const item of items) {
    const name = item.groups[group];
    if (name !== undefined) parts.set(name, [...(parts.get(name) ?? []), item]);
  }
  const names = [...parts.keys()].toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return Object.fromEntries(names.map((name) => [name, measure(parts.get(name)!)]));
}

/** The names of all groups that any item is in. */
export function groupNames(items: readonly { groups: Readonly<Record<string, string>> }[]): string[] {
  return [...new Set(items.flatMap(({ groups }) => Object.keys(groups)))];
}
