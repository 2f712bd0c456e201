/** "84 ms", "1.3 s", "2 min 5 s". */
export function formatMs(ms: number): string {
  if (ms < 0) return "0 ms";
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = Math.round((ms % 60_000) / 1_000);
  return seconds > 0 ? `${minutes} min ${seconds} s` : `${minutes} min`;
}

const UNITS = [
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

/** In a sentence: "10 minutes", "1 hour", "90 seconds". */
export function durationWords(ms: number): string {
  const [unit, size] = UNITS.find(([, of]) => ms >= of && ms % of === 0) ?? (["second", 1_000] as const);
  return counted(Math.round(ms / size), unit);
}

/** "1.4 MB", in powers of 1,000 as file managers write it. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1_000)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/** The visitor's own time of day, to the minute; with the date where it is not today. */
export function formatTime(epochMs: number): string {
  const when = new Date(epochMs);
  const isToday = when.toDateString() === new Date().toDateString();
  return isToday ? clock.format(when) : `${date.format(when)}, ${clock.format(when)}`;
}

/** To the minute, for what is not long away. */
export function formatClock(epochMs: number): string {
  return clock.format(new Date(epochMs));
}

export function formatDate(epochMs: number): string {
  return date.format(new Date(epochMs));
}

/** A label of a model as people write it: "Latino_Hispanic" is one of two. */
export function labelInWords(label: string): string {
  return label.replaceAll("_", " or ");
}

/** "1 face", "3 faces". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}
