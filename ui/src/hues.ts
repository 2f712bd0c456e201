import type { AnnouncementJson } from "@similarfaces/contracts/job";

/** Hue angles in OKLCH, degrees, of the stages in tokens.css: extract, embed, match. */
const OF_STAGES: readonly number[] = [250, 290, 320];
/** As far apart as there is room; two hues that are nearer than the last are hard to tell apart at a stage's lightness and chroma. */
const APART = [30, 20] as const;

/**
 * The hue of each analyzer: its announcement's, or one that follows from its name and is apart from all that are used. A hue in
 * `before` stays, so that nothing on screen changes its colour when another analyzer comes.
 */
export function huesOf(
  announcements: readonly AnnouncementJson[],
  before: ReadonlyMap<string, number> = new Map(),
): ReadonlyMap<string, number> {
  const hues = new Map(before);
  for (const { name, hue } of announcements) if (hue !== undefined) hues.set(name, hue);
  const names = announcements.map(({ name }) => name).filter((name) => !hues.has(name));
  for (const name of names.sort())
    hues.set(name, freeHue(hashOf(name) % 360, [...OF_STAGES, ...hues.values()]));
  return hues;
}

/** The free hue nearest to the wanted one; where the circle is full, the one farthest from all others. */
function freeHue(wanted: number, used: readonly number[]): number {
  const roomAt = (hue: number) => Math.min(...used.map((other) => distance(hue, other)));
  const circle = Array.from({ length: 360 }, (_, hue) => hue);
  for (const apart of APART) {
    const free = circle.filter((hue) => roomAt(hue) >= apart);
    if (free.length > 0)
      return free.reduce((best, hue) => (distance(hue, wanted) < distance(best, wanted) ? hue : best));
  }
  return circle.reduce((best, hue) => (roomAt(hue) > roomAt(best) ? hue : best));
}

function distance(a: number, b: number): number {
  const apart = Math.abs(a - b) % 360;
  return Math.min(apart, 360 - apart);
}

/** FNV-1a, 32 bits. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const character of name) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return hash;
}
