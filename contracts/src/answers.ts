import type {
  AnalysisJson,
  AnnouncementJson,
  AnswerJson,
  AnswerSpecJson,
  ClassificationJson,
  ClassificationSpecJson,
  MeasureJson,
  MeasureSpecJson,
} from "./shapes.js";
import { capitalised, nameInWords, percentText, textIn } from "./texts.js";

/** The words for an analyzer's answers, from its announcement: for page and command line. */

/** An answer as its analyzer announces it, and its value, once it is known. */
export interface ShownAnswer {
  spec: AnswerSpecJson;
  answer: AnswerJson | undefined;
}

/** What a card shows of an analyzer: each announced answer in its order, then what was answered beyond the announcement. */
export function shownAnswers(
  announcement: AnnouncementJson | undefined,
  value: AnalysisJson | undefined,
): ShownAnswer[] {
  const specs = announcement?.answers ?? [];
  const given = value?.answers ?? [];
  return [
    ...specs.map((spec) => ({ spec, answer: given.find(({ name }) => name === spec.name) })),
    ...given
      .filter(({ name }) => !specs.some((spec) => spec.name === name))
      .map((answer) => ({ spec: bareSpec(answer), answer })),
  ];
}

/** Measures without a distribution that stand below one another as rows, rather than each with words of its own. */
export const isPanel = (specs: readonly AnswerSpecJson[]): boolean =>
  specs.length > 1 && specs.every(({ measure }) => measure && !measure.bins);

/** The answer as the end of a sentence, worded as a guess, and as an unsure one below the announced floor; empty while unknown. */
export function answerWords({ spec, answer }: ShownAnswer): string {
  if (answer?.classification) return classificationWords(spec.classification, answer.classification);
  if (answer?.measure) return measureWords(spec.measure, answer.measure);
  return "";
}

/** The longest words that an answer of this kind may have: the room that is kept for it. */
export function longestWords({ classification, measure }: AnswerSpecJson): string {
  const texts = classification
    ? classification.labels.flatMap(({ words, unsure }) => [textIn(words), textIn(unsure)])
    : measure
      ? [measure.min ?? 10, measure.max ?? 10].map((value) =>
          measureWords(measure, { value, unit: measure.unit }),
        )
      : [];
  return capitalised(texts.reduce((longest, text) => (text.length > longest.length ? text : longest), ""));
}

/** Labels as people know them, the most probable first. */
export function rankedLabels(
  spec: ClassificationSpecJson | undefined,
  { probabilities }: ClassificationJson,
): { label: string; share: number }[] {
  return [...probabilities]
    .sort((a, b) => b.probability - a.probability)
    .map(({ label, probability }) => ({ label: labelTitle(spec, label), share: probability }));
}

function labelTitle(spec: ClassificationSpecJson | undefined, label: string): string {
  return textIn(spec?.labels.find((known) => known.label === label)?.title) || nameInWords(label);
}

/** A value with its unit: "31 years", "-12°". */
export function measureText(
  spec: MeasureSpecJson | undefined,
  value: number,
  unit = spec?.unit ?? "",
): string {
  return `${figureOf(spec, value)}${UNIT_SIGNS[unit] ?? (unit && ` ${unit}`)}`;
}

/** "25 to 37", where the answer has an interval. */
export function intervalText(spec: MeasureSpecJson | undefined, { low, high }: MeasureJson): string {
  return low === undefined || high === undefined ? "" : `${figureOf(spec, low)} to ${figureOf(spec, high)}`;
}

/** "80% sure: 25 to 37", where the answer has an interval. */
export function intervalWords(spec: MeasureSpecJson | undefined, measure: MeasureJson): string {
  const interval = intervalText(spec, measure);
  return interval && spec?.interval ? `${percentText(spec.interval)} sure: ${interval}` : interval;
}

/** Written at the figure, without a space. */
const UNIT_SIGNS: Readonly<Record<string, string>> = { degrees: "°", "%": "%" };
/** Of a measure that nobody has announced. */
const DECIMALS = 2;

function figureOf(spec: MeasureSpecJson | undefined, value: number): string {
  const text = value.toFixed(spec?.decimals ?? DECIMALS);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

function isUnsure(spec: ClassificationSpecJson | undefined, { probability }: ClassificationJson): boolean {
  return probability < (spec?.unsureBelow ?? 0);
}

function classificationWords(spec: ClassificationSpecJson | undefined, guess: ClassificationJson): string {
  const label = spec?.labels.find((known) => known.label === guess.label);
  const words = isUnsure(spec, guess) ? textIn(label?.unsure) || textIn(label?.words) : textIn(label?.words);
  return words || labelTitle(spec, guess.label);
}

function measureWords(
  spec: MeasureSpecJson | undefined,
  { value, unit, low, high }: Pick<MeasureJson, "value" | "unit" | "low" | "high">,
): string {
  const words = textIn(spec?.words);
  if (!words) return measureText(spec, value, unit);
  const figures: Readonly<Record<string, number | undefined>> = { value, low, high };
  return words.replace(/\{(value|low|high)\}/g, (_, name: string) => figureOf(spec, figures[name] ?? value));
}

/** An answer by its own names, where its analyzer's announcement is not known (any more). */
function bareSpec({ name, classification, measure }: AnswerJson): AnswerSpecJson {
  const bare = { name, title: { en: name }, tag: false, caution: {} };
  if (classification) {
    const labels = classification.probabilities.map(({ label }) => ({
      label,
      title: {},
      words: {},
      unsure: {},
      hides: [],
    }));
    return { ...bare, classification: { labels, unsureBelow: 0 } };
  }
  const { unit = "", probabilities = [] } = measure ?? {};
  const bins = probabilities.length > 1 ? { bins: { first: 0, width: 1, count: probabilities.length } } : {};
  return { ...bare, measure: { unit, words: {}, decimals: DECIMALS, interval: 0, ...bins } };
}
