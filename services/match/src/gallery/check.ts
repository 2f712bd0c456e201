import { StageFailure, type FailureCode } from "@similarfaces/contracts";

const NAME_CHARACTERS_MAX = 200;
const TEXT_CHARACTERS_MAX = 2_000;
export const PORTRAIT_BYTES_MAX = 64 * 1024;

/** Control characters, line separators, lone surrogates, and marks that turn the direction of what follows. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/u;

/** The name as it is stored: composed (NFC) and trimmed. @throws StageFailure invalid_name */
export function checkedName(name: string): string {
  const stored = name.normalize("NFC").trim();
  if (stored === "" || [...stored].length > NAME_CHARACTERS_MAX || UNSAFE.test(stored)) {
    throw new StageFailure("invalid_name");
  }
  return stored;
}

/** What a name may contain, composed as names are. @throws StageFailure bad_request */
export function checkedNamePart(part: string): string {
  const composed = part.normalize("NFC");
  if ([...composed].length > NAME_CHARACTERS_MAX) {
    throw badRequest(`name_contains has at most ${NAME_CHARACTERS_MAX} characters`);
  }
  return composed;
}

/** @throws StageFailure consent_required, or bad_request where it is too long */
export function checkedConsent(consent: string): string {
  const stored = consent.trim();
  if (stored === "") throw new StageFailure("consent_required");
  return checkedText("consent", stored);
}

/** A note of one enroller: consent or source. @throws StageFailure bad_request */
export function checkedText(field: string, text: string): string {
  if (text.length > TEXT_CHARACTERS_MAX || UNSAFE.test(text)) {
    throw badRequest(`${field} has at most ${TEXT_CHARACTERS_MAX} characters and no control characters`);
  }
  return text;
}

/** Ids are chosen by our own programs; what is none cannot be in the gallery. */
export function checkedId(id: string, code: FailureCode): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) throw new StageFailure(code);
  return id;
}

/** @throws StageFailure bad_request */
export function checkedCount(field: string, count: number, max: number): number {
  if (!Number.isInteger(count) || count < 1 || count > max) {
    throw badRequest(`${field} is a whole number from 1 to ${max}`);
  }
  return count;
}

/** JPEG, or nothing. @throws StageFailure bad_request */
export function checkedPortrait(portrait: Uint8Array): Uint8Array {
  if (portrait.length === 0) return portrait;
  const jpeg = portrait[0] === 0xff && portrait[1] === 0xd8 && portrait[2] === 0xff;
  if (!jpeg || portrait.length > PORTRAIT_BYTES_MAX) {
    throw badRequest(`a thumbnail is a JPEG of at most ${PORTRAIT_BYTES_MAX} bytes`);
  }
  return portrait;
}

export function badRequest(message: string): StageFailure {
  return new StageFailure("bad_request", message);
}
