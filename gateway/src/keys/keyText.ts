import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** `sf_<id>_<secret>`: the prefix is for scanners that search for leaked keys, the id for logs, the secret has 256 random bits. */
export interface KeyText {
  id: string;
  text: string;
}

const ID_BYTES = 6;
const SECRET_BYTES = 32;
const KEY = /^sf_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

export function newKeyText(): KeyText {
  const id = randomBytes(ID_BYTES).toString("hex");
  return { id, text: `sf_${id}_${randomBytes(SECRET_BYTES).toString("base64url")}` };
}

/** The id of a text that looks like one of our keys, undefined for any other. */
export function keyIdOf(text: string): string | undefined {
  return KEY.exec(text)?.[1];
}

/**
 * The stored digest of a key, in hex. A slow hash protects passwords that people choose; 2^256 keys cannot be tried, and the gateway checks one
 * with every request.
 */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export function isDigestOf(digest: string, text: string): boolean {
  return timingSafeEqual(Buffer.from(digest, "hex"), Buffer.from(digestOf(text), "hex"));
}
