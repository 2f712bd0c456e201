import { isAnalyzer, type Manifest, type ManifestAnswer } from "@similarfaces/inference";

/** One thing that a model answers. What is measured of it depends on its kind, never on its name. */
export type Answer = Detection | Embedding | Classification | Measure;

interface Detection {
  readonly kind: "detection";
  readonly name: string;
}

interface Embedding {
  readonly kind: "embedding";
  readonly name: string;
}

export interface Classification {
  readonly kind: "classification";
  readonly name: string;
  readonly labels: readonly string[];
}

/** A number. */
export interface Measure {
  readonly kind: "measure";
  readonly name: string;
  /** "years"; empty where it has none. */
  readonly unit: string;
  /** The smallest and the largest value, where the manifest says them. */
  readonly range?: readonly [min: number, max: number];
  /** What each probability of its distribution is about, where it has one: the value of its bin. */
  readonly bins?: readonly number[];
  /** The share of the distribution that its interval holds, and the decimals that its bounds are shown with. */
  readonly interval?: { readonly share: number; readonly decimals: number };
}

/** A model of a pack by the name of its folder. */
export interface NamedModel {
  readonly name: string;
  readonly manifest: Manifest;
}

/** What a model answers. Only this function knows how a manifest says so. */
export function answersOf({ name, manifest }: NamedModel): Answer[] {
  if (isAnalyzer(manifest)) return manifest.answers.map(answerOf);
  // What the second look says is part of what the detector's measurement is of.
  if (manifest.task === "refine") return [];
  return [{ kind: manifest.task === "detect" ? "detection" : "embedding", name }];
}

function answerOf({ name, classification, measure }: ManifestAnswer): Answer {
  if (classification) {
    return { kind: "classification", name, labels: classification.labels.map(({ label }) => label) };
  }
  const { unit, min, max, bins, interval, decimals } = measure!;
  const range = min === undefined || max === undefined ? {} : { range: [min, max] as const };
  if (!bins) return { kind: "measure", name, unit, ...range };
  const values = Array.from({ length: bins.count }, (_, bin) => bins.first + bins.width * bin);
  return {
    kind: "measure",
    name,
    unit,
    range: [values[0]!, values.at(-1)!],
    ...range,
    bins: values,
    ...(interval ? { interval: { share: interval, decimals } } : {}),
  };
}
