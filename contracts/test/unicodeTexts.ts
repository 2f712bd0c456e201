/** Texts of every general category of Unicode, the same for the same seed: `count` of up to `lengthMax` code points. */
export function* unicodeTexts(seed: number, count: number, lengthMax: number): Generator<string> {
  const random = mulberry32(seed);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  const [categories, letters] = [samples(), [..."aé ßж语 -'"]];
  for (let i = 0; i < count; i++) {
    // Each category in turn, so that none is left out; among letters, or everything is refused for something else.
    const own = categories[i % categories.length]!;
    const length = Math.floor(random() ** 4 * lengthMax) + 1;
    const share = random();
    const text = Array.from({ length }, () => {
      const kind = random();
      if (kind < share * 0.3) return pick(pick(categories));
      return kind < share ? pick(own) : pick(letters);
    });
    yield text.join("");
  }
}

const CATEGORIES =
  "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn".split(" ");
const SAMPLES_MAX = 300;
/** Every so many code points; what is smaller than that is given by name. */
const STRIDE = 5;
const RARE = [
  "\u2028",
  "\u2029",
  "\u202e",
  "\u2066",
  "\u200c",
  "\u200d",
  "\u200f",
  "\u061c",
  "\ufeff",
  "\u0085",
];

/** Some of each category's characters, by category. */
function samples(): string[][] {
  const by = CATEGORIES.map((name) => ({ is: new RegExp(`\\p{${name}}`, "u"), found: [] as string[] }));
  const sort = (character: string) => {
    const category = by.find(({ is }) => is.test(character))!;
    if (category.found.length < SAMPLES_MAX) category.found.push(character);
  };
  for (const character of RARE) sort(character);
  for (let code = 0; code < 256; code++) sort(String.fromCodePoint(code));
  for (let code = 256; code <= 0x10ffff; code += STRIDE) sort(String.fromCodePoint(code));
  return by.map(({ found }) => found);
}

/** Uniform in 0..1. */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
