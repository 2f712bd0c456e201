const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"; // Crockford's base 32
const TIME_CHARACTERS = 10; // 50 bits of milliseconds
const RANDOM_CHARACTERS = 26; // 130 bits, of which 128 are random
const PATTERN = /^[0-7][0-9a-hjkmnp-tv-z]{9}[0-9a-hjkmnp-tv-z]{26}$/;

/**
 * A job id: the time of acceptance and 128 random bits, 36 lower-case characters. It sorts by time, cannot be
 * guessed, and tells an expired job from one that never was. It is safe as a subject token and in a path.
 */
export function newJobId(
  nowMs: number,
  random: Uint8Array = globalThis.crypto.getRandomValues(new Uint8Array(16)),
): string {
  let time = Math.floor(nowMs);
  const characters: string[] = [];
  for (let i = 0; i < TIME_CHARACTERS; i++) {
    characters.unshift(ALPHABET.charAt(time % 32));
    time = Math.floor(time / 32);
  }
  let bits = 0;
  let held = 0;
  for (const byte of random.subarray(0, 16)) {
    bits = (bits << 8) | byte;
    held += 8;
    while (held >= 5) {
      held -= 5;
      characters.push(ALPHABET.charAt((bits >> held) & 31));
    }
    bits &= (1 << held) - 1;
  }
  characters.push(ALPHABET.charAt((bits << (5 - held)) & 31));
  return characters.join("");
}

export function isJobId(text: string): boolean {
  return text.length === TIME_CHARACTERS + RANDOM_CHARACTERS && PATTERN.test(text);
}

/** Milliseconds since the epoch at which the job was accepted. */
export function jobAcceptedAtMs(jobId: string): number {
  let time = 0;
  for (const character of jobId.slice(0, TIME_CHARACTERS)) time = time * 32 + ALPHABET.indexOf(character);
  return time;
}
