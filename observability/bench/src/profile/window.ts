import type { Profiler } from "node:inspector";
import { OTHER, fileOf, partOf } from "./parts.js";

/** Microseconds of CLOCK_MONOTONIC, which `process.hrtime` and V8's profiles both tell. */
export interface Window {
  fromUs: number;
  toUs: number;
}

export const nowUs = (): number => Number(process.hrtime.bigint() / 1_000n);

/** Microseconds of wall time, by part. */
export interface Sampled {
  parts: Map<string, number>;
  /** Of what is in no part: by function. */
  others: Map<string, number>;
}

/** What a thread did within a window, as far as it did anything. */
export function sampledIn(profile: Profiler.Profile, { fromUs, toUs }: Window): Sampled {
  const { nodes, samples = [], timeDeltas = [] } = profile;
  const places = placesOf(nodes);
  const parts = new Map<string, number>();
  const others = new Map<string, number>();
  let atUs = profile.startTime;
  for (const [i, id] of samples.entries()) {
    atUs += timeDeltas[i]!;
    // A sample stands for the time until the next.
    const lastsUs = timeDeltas[i + 1] ?? 0;
    const { part, place } = places.get(id)!;
    if (atUs < fromUs || atUs >= toUs || part === undefined) continue;
    add(parts, part, lastsUs);
    if (part === OTHER) add(others, place, lastsUs);
  }
  return { parts, others };
}

/** Of each node of the tree of calls. */
function placesOf(nodes: readonly Profiler.ProfileNode[]) {
  const callers = new Map<number, Profiler.ProfileNode>();
  for (const node of nodes) for (const child of node.children ?? []) callers.set(child, node);
  return new Map(
    nodes.map((node) => {
      const stack = [];
      for (let at: typeof node | undefined = node; at; at = callers.get(at.id)) stack.push(at.callFrame);
      const { functionName, url } = stack.find((frame) => frame.url !== "") ?? stack[0]!;
      return [node.id, { part: partOf(stack), place: `${functionName || "(anonymous)"} ${fileOf(url)}` }];
    }),
  );
}

export function add(sums: Map<string, number>, key: string, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}
