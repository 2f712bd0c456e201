import type { TextsJson } from "./shapes.js";

/** A browser's; where there are none (Node 20), English. */
const { navigator } = globalThis as { navigator?: { languages?: readonly string[] } };
const LANGUAGES: readonly string[] = navigator?.languages ?? ["en"];

/** Of a map by language, the text in the first of the reader's languages that it has, else in English; empty where there is none. */
export function textIn(texts: TextsJson | undefined, languages: readonly string[] = LANGUAGES): string {
  if (!texts) return "";
  for (const language of languages) {
    const text = texts[language] ?? texts[language.split("-")[0]!];
    if (text) return text;
  }
  return texts["en"] ?? "";
}

/** As the beginning of a sentence. */
export const capitalised = (text: string): string => text.slice(0, 1).toLocaleUpperCase() + text.slice(1);

/** 0..1 as "94%", with no space; what is above 0 is never written as "0%", and what is below 1 never as "100%". */
export function percentText(share: number): string {
  if (share > 0 && share < 0.01) return "< 1%";
  if (share < 1 && share > 0.99) return "> 99%";
  return `${Math.round(share * 100)}%`;
}

/** A name that nobody has put into words, as people write it: without underscores. */
export const nameInWords = (name: string): string => name.replaceAll("_", " ");
