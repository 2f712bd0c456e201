import { createHash } from "node:crypto";
import { StageFailure } from "@similarfaces/contracts";
import type { Store } from "./store.js";

/** Longer than a store is waited for; a process that ends in between holds the name no longer. */
const HELD_MS = 15_000;

interface Hold {
  untilMs: number;
}

/**
 * Makes somebody new of a name that nobody has. The name is held by a note meanwhile, so that of two replicas that make the same one makes it,
 * and the other finds it.
 * @param key nameKey of the name
 * @returns what `make` does; undefined where another replica holds the name now
 * @throws StageFailure identity_exists
 */
export async function asTheOnly<T>(
  { records, notes }: Pick<Store, "records" | "notes">,
  key: string,
  make: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const note = `name-${createHash("sha256").update(key).digest("base64url")}`;
  const before = await notes.read(note);
  if (before && (before.value as Hold).untilMs > Date.now()) return undefined;
  const hold: Hold = { untilMs: Date.now() + HELD_MS };
  const held = await notes.write(note, hold, before?.version);
  if (!held) return undefined;
  try {
    const [namesake] = await records.named(key);
    if (namesake) throw identityExists(namesake);
    return await make();
  } finally {
    // Where this fails, the hold ends by itself.
    await notes.remove(note, held.version).catch(() => {});
  }
}

/** In the words of a job's failure, which has no other fields. */
export function identityExists({ id, name }: { id: string; name: string }): StageFailure {
  return new StageFailure(
    "identity_exists",
    `The gallery has "${name}" already, as ${id}: add the face to it, or say that this is somebody new.`,
  );
}
