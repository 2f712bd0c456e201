import type { Identity } from "@similarfaces/contracts/api";
import { nameKey } from "@similarfaces/contracts/galleryText";
import { listIdentities } from "../api/gallery";
import { Refused } from "./refusals";

const LISTED = 20;

/** Whoever has the name in the gallery, whatever its capital letters. */
export async function namesakeOf(name: string): Promise<Identity | undefined> {
  const stored = name.normalize("NFC").trim();
  const { identities } = await listIdentities({ name: stored, pageSize: LISTED });
  return identities.find((identity) => nameKey(identity.name) === nameKey(stored));
}

/**
 * Enrols a face by name: whoever has the name meanwhile gets the face, also where the answer about the photo that made them was lost.
 * @param enrol may be called twice, with the id of the identity that gets the face, or undefined for somebody new
 */
export async function asNamed<T>(
  name: string,
  enrol: (identityId: string | undefined) => Promise<T>,
): Promise<T> {
  try {
    return await enrol(undefined);
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== "identity_exists") throw error;
    const namesake = await namesakeOf(name).catch(() => undefined);
    if (!namesake) throw error;
    return enrol(namesake.id);
  }
}
