import { checkedName, nameKey } from "@similarfaces/contracts";
import { GatewayFailure, type Gallery, type NewPhoto } from "@similarfaces/client";

/**
 * Enrols a photo of somebody by name: whoever has the name in the gallery, whatever its capital letters, gets the face; also who has come
 * meanwhile, and where an earlier attempt made them and its answer was lost.
 * @param enrol may be called twice
 */
export async function asNamed<T>(
  gallery: Pick<Gallery, "identities">,
  name: string,
  enrol: (as: NewPhoto["as"]) => Promise<T>,
): Promise<T> {
  try {
    return await enrol({ name });
  } catch (error) {
    if (!(error instanceof GatewayFailure) || error.code !== "identity_exists") throw error;
    const key = nameKey(checkedName(name));
    for await (const identity of gallery.identities(name)) {
      if (nameKey(identity.name) === key) return enrol({ identityId: identity.id });
    }
    throw error;
  }
}
