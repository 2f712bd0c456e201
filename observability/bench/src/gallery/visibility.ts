import type { Identities } from "@similarfaces/gallery";
import { median } from "../percentiles.js";
import type { SizeReport } from "./sizeReport.js";
import { newFace } from "./syntheticGallery.js";

const ROUNDS = 15;

/** How soon `other` sees what `gallery` has changed, from the moment at which the change is acknowledged. */
export async function measureVisibility(
  gallery: Identities,
  other: Identities,
  embeddings: readonly Float32Array[],
): Promise<SizeReport["visibleMs"]> {
  const [adds, deletes]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const embedding = embeddings[round % embeddings.length]!;
    const face = newFace(`new-${round}`, `new-${round}`, embedding);
    const isFound = async () =>
      (await other.nearest(embedding, 1)).candidates[0]?.identityId === face.identity.id;
    await gallery.add(face);
    adds.push(await timeUntil(isFound));
    await gallery.deleteIdentity(face.identity.id);
    deletes.push(await timeUntil(async () => !(await isFound())));
  }
  return { add: median(adds), delete: median(deletes), worst: Math.max(...adds, ...deletes) };
}

/** Milliseconds. */
async function timeUntil(condition: () => Promise<boolean>): Promise<number> {
  const startedAtMs = performance.now();
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 1));
  return performance.now() - startedAtMs;
}
