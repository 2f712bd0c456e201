import type { AnnouncementJson } from "@similarfaces/contracts/job";
import { createEffect, createMemo, createRoot, createSignal } from "solid-js";
import { huesOf } from "./hues";
import { about } from "./installation";
import { followAnalyzers } from "./live/live";
import { nameInWords, textIn } from "@similarfaces/contracts/texts";

/** The analyzers that have announced themselves, and how their answers are shown. */
const store = createRoot(() => {
  const [pushed, setPushed] = createSignal<readonly AnnouncementJson[]>();
  followAnalyzers(setPushed);
  const announced = createMemo((): readonly AnnouncementJson[] => pushed() ?? about()?.analyzers ?? []);
  const atFirst = createMemo<readonly string[]>(
    (before) => (before.length > 0 ? before : announced().map(({ name }) => name)),
    [],
  );
  // An analyzer that has lapsed is still needed for what it answered before.
  const known = createMemo<ReadonlyMap<string, AnnouncementJson>>(
    (before) => new Map([...before, ...announced().map((each) => [each.name, each] as const)]),
    new Map<string, AnnouncementJson>(),
  );
  const hues = createMemo<ReadonlyMap<string, number>>(
    (before) => huesOf(announced(), before),
    new Map<string, number>(),
  );
  // A sheet made by script: the gateway's policy allows no inline styles.
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  createEffect(() => {
    const rules = [...hues()].map(([name, hue]) => `[data-stage="${CSS.escape(name)}"]{--hue:${hue}}`);
    sheet.replaceSync(rules.join(""));
  });
  return { announced, atFirst, known };
});

/** Those that may be asked now, in the order in which they are shown. */
export const analyzers = store.announced;

/** The names of those that were there when the page was opened. */
export const analyzersAtFirst = store.atFirst;

/** An analyzer's last announcement, also after it has lapsed; undefined where none came while the page was open. */
export const announcementOf = (name: string): AnnouncementJson | undefined => store.known().get(name);

/** An analyzer's title in the reader's language; its name where it is unknown. */
export const titleOf = (name: string): string => textIn(announcementOf(name)?.title) || nameInWords(name);

/** Analyzers by their announced order, then by name; unknown ones last. */
export function inOrder(names: readonly string[]): string[] {
  const orderOf = (name: string) => announcementOf(name)?.order ?? Number.POSITIVE_INFINITY;
  return [...names].sort((a, b) => {
    const [first, second] = [orderOf(a), orderOf(b)];
    return first === second ? (a < b ? -1 : 1) : first < second ? -1 : 1;
  });
}
