import type { Manifest } from "@similarfaces/inference";

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
  /** "years" */
  readonly unit: string;
  /** The largest value: the model gives the probability of each whole unit from 0 up to it. */
  readonly max: number;
}

/** What a model answers. Only this function knows how a manifest says so. */
export function answersOf({ task: name, decoder, labels, outputs }: Manifest): Answer[] {
  if (decoder) return [{ kind: "detection", name }];
  if (outputs.some((output) => output.name === "embedding")) return [{ kind: "embedding", name }];
  if (labels) return [{ kind: "classification", name, labels }];
  // The value is an output with one number for each picture, named after its unit.
  const value = outputs.find(({ shape }) => shape.length === 1);
  const units = outputs.find((output) => output.name === "probabilities")?.shape.at(-1);
  return value && typeof units === "number"
    ? [{ kind: "measure", name, unit: value.name, max: units - 1 }]
    : [];
}
