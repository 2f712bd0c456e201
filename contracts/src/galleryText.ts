import { StageFailure } from "./failure.js";

/**
 * What people write for the gallery, checked by one rule wherever it passes: the page, the command line, the gateway
 * and the gallery itself. Each function gives what is stored, and gives that back unchanged when asked again, so that
 * nothing that one of them takes is refused by the next. Lengths are in code points.
 */
export const NAME_CHARACTERS_MAX = 200;
const CONSENT_CHARACTERS_MAX = 2_000;
const SOURCE_CHARACTERS_MAX = 500;

/** Joiners, without which Persian, many Indic scripts and emoji are misspelt. */
const JOINERS = "\\u200c\\u200d";
/** Characters that steer a terminal or the direction of text, invisible ones, and lone surrogates, which no message can hold. */
const CONTROLS = `(?![${JOINERS}])[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]`;
const CONTROL = new RegExp(CONTROLS, "u");
const ALL_CONTROLS = new RegExp(CONTROLS, "gu");
/** In a text of several lines, line ends and tabs are no controls. */
const CONTROL_IN_LINES = new RegExp(`(?![\\n\\t])${CONTROLS}`, "u");
const VISIBLE = /[^\s\p{Default_Ignorable_Code_Point}]/u;

/** A name as it is stored: composed (NFC) and trimmed, on one line. @throws StageFailure invalid_name */
export function checkedName(name: unknown): string {
  const stored = typeof name === "string" ? name.normalize("NFC").trim() : "";
  if (!VISIBLE.test(stored) || length(stored) > NAME_CHARACTERS_MAX || CONTROL.test(stored)) {
    throw new StageFailure("invalid_name");
  }
  return stored;
}

/** What stored names are ordered by, looked for in and told apart by. */
export function nameKey(name: string): string {
  return name.toLowerCase();
}

/**
 * Who agreed to what, as it is stored: trimmed, its lines ended by "\n" however they were before.
 * @throws StageFailure consent_required, or bad_request where it is too long or has other control characters
 */
export function checkedConsent(consent: unknown): string {
  const stored =
    typeof consent === "string" ? consent.replace(/\r\n?|[\u0085\u2028\u2029]/g, "\n").trim() : "";
  if (!VISIBLE.test(stored)) throw new StageFailure("consent_required");
  if (length(stored) > CONSENT_CHARACTERS_MAX || CONTROL_IN_LINES.test(stored)) {
    throw new StageFailure(
      "bad_request",
      `consent has at most ${CONSENT_CHARACTERS_MAX} characters, and no control characters but line ends and tabs`,
    );
  }
  return stored;
}

/** Where a photo came from, as it is stored: what is no text is left out, for what a file is called may be anything. */
export function storedSource(source: string): string {
  const text = source.replace(ALL_CONTROLS, "");
  return length(text) > SOURCE_CHARACTERS_MAX ? [...text].slice(0, SOURCE_CHARACTERS_MAX).join("") : text;
}

/** @throws StageFailure bad_request unless it is as `storedSource` gives it */
export function checkedSource(source: string): string {
  if (storedSource(source) === source) return source;
  throw new StageFailure(
    "bad_request",
    `source has at most ${SOURCE_CHARACTERS_MAX} characters and no control characters`,
  );
}

/** The SHA-256 of a photo's bytes in base64url, or "" where it is not known. @throws StageFailure bad_request for what is neither */
export function checkedPhotoDigest(digest: string): string {
  if (digest === "" || /^[\w-]{43}$/.test(digest)) return digest;
  throw new StageFailure("bad_request", "photoDigest is a SHA-256 in base64url: 43 characters");
}

function length(text: string): number {
  return [...text].length;
}
