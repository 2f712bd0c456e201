import {
  NAME_CHARACTERS_MAX,
  PORTRAIT_BYTES_MAX,
  PORTRAIT_SIDE_MAX,
  StageFailure,
  type Eyes,
  type FailureCode,
} from "@similarfaces/contracts";

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

/**
 * Of a portrait; none where there is no portrait, or it has none. Of a face that its photo's edge cuts, an eye lies beyond the portrait's edge;
 * of one in profile, one before the other. @throws StageFailure bad_request
 */
export function checkedEyes(eyes: Eyes | undefined, portrait: Uint8Array): Eyes | undefined {
  if (!eyes || portrait.length === 0) return undefined;
  const { left, right } = eyes;
  const isNear = (at: number) => at >= -PORTRAIT_SIDE_MAX && at <= 2 * PORTRAIT_SIDE_MAX;
  if (!left || !right || ![left.x, left.y, right.x, right.y].every(isNear)) {
    throw badRequest("both eyes of a portrait lie in it or near its edge");
  }
  return eyes;
}

export function badRequest(message: string): StageFailure {
  return new StageFailure("bad_request", message);
}
