import { NAME_CHARACTERS_MAX, StageFailure, type FailureCode } from "@similarfaces/contracts";

const PORTRAIT_BYTES_MAX = 64 * 1024;

/** What a name may contain, composed as names are. @throws StageFailure bad_request */
export function checkedNamePart(part: string): string {
  const composed = part.normalize("NFC");
  if ([...composed].length > NAME_CHARACTERS_MAX) {
    throw badRequest(`name_contains has at most ${NAME_CHARACTERS_MAX} characters`);
  }
  return composed;
}

/** Ids are chosen by our own programs; what is none cannot be in the gallery. */
export function checkedId(id: string, code: FailureCode): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) throw new StageFailure(code);
  return id;
}

/** Of a job, or nothing. @throws StageFailure bad_request */
export function checkedSourceJob(id: string): string {
  return id === "" ? id : checkedId(id, "bad_request");
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
