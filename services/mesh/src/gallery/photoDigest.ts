import { createHash } from "node:crypto";

/** SHA-256 in base64url, as the gallery keeps it with a face of the photo. */
export function photoDigestOf(photo: Uint8Array): string {
  return createHash("sha256").update(photo).digest("base64url");
}
