import { PackError } from "@similarfaces/inference";
import { answersOf, type Answer, type Measure, type NamedModel } from "./answers.js";
import type { Dataset, FacePhoto, FacesData } from "./dataset.js";

/** An answer of one of a pack's models that a data set has the truth for. */
export interface Measurable {
  /** The model's folder in its pack. */
  readonly name: string;
  readonly answer: Answer;
  /** What is true of a picture: a label in the data's words, a value, a range's index, a person. */
  truth(photo: FacePhoto): string | number | undefined;
  /** Of a classification: the data's labels, and the model's labels that each stands for. */
  readonly scheme: Scheme;
}

export type Scheme = Readonly<Record<string, readonly string[]>>;

/**
 * What a data set says of a pack, in the order of its models.
 * @throws PackError where the data has labels that the pack's model does not know
 */
export function measurablesOf(dataset: Dataset, models: readonly NamedModel[]): Measurable[] {
  const all = models.flatMap((model) => answersOf(model).map((answer) => ({ name: model.name, answer })));
  const ofKind = (kind: Answer["kind"]) =>
    all
      .filter(({ answer }) => answer.kind === kind)
      .slice(0, 1)
      .map((one) => ({ ...one, scheme: {}, truth: () => undefined }));
  if (dataset.kind === "boxes") return ofKind("detection");
  if (dataset.kind === "pairs") return ofKind("embedding");
  if (dataset.photos.some(({ folder }) => folder !== undefined)) return byFolder(dataset, all);
  return all.flatMap(({ name, answer }) => {
    const truth = ({ truths }: FacePhoto) => truths[answer.name];
    if (!dataset.photos.some((photo) => truth(photo) !== undefined)) return [];
    const scheme = answer.kind === "classification" ? schemeOf(dataset, answer.name, answer.labels) : {};
    return [{ name, answer, truth, scheme }];
  });
}

/** The folders' names decide: labels of a classification, else values of a measure, else people. */
function byFolder({ photos }: FacesData, all: readonly Pick<Measurable, "name" | "answer">[]): Measurable[] {
  const folders = [...new Set(photos.map(({ folder = "" }) => folder))];
  for (const { name, answer } of all) {
    if (answer.kind !== "classification") continue;
    const byName = new Map(answer.labels.map((label) => [withoutSpelling(label), label]));
    if (folders.every((folder) => byName.has(withoutSpelling(folder)))) {
      const truth = ({ folder = "" }: FacePhoto) => byName.get(withoutSpelling(folder));
      return [{ name, answer, truth, scheme: identical(answer.labels) }];
    }
  }
  for (const { name, answer } of all) {
    if (answer.kind !== "measure" || !folders.every((folder) => isValueOf(answer, folder))) continue;
    return [{ name, answer, truth: ({ folder }) => Number(folder), scheme: {} }];
  }
  return all
    .filter(({ answer }) => answer.kind === "embedding")
    .slice(0, 1)
    .map((one) => ({ ...one, truth: ({ folder }) => folder, scheme: {} }));
}

function isValueOf({ range: [min, max] = [-Infinity, Infinity] }: Measure, folder: string): boolean {
  return /^-?\d+(\.\d+)?$/.test(folder) && Number(folder) >= min && Number(folder) <= max;
}

function schemeOf({ photos, merged }: FacesData, name: string, labels: readonly string[]): Scheme {
  const scheme = merged?.[name] ?? identical(labels);
  const unknown =
    photos.map(({ truths }) => truths[name]).find((label) => label !== undefined && !(label in scheme)) ??
    Object.values(scheme)
      .flat()
      .find((label) => !labels.includes(label));
  if (unknown !== undefined) {
    throw new PackError(
      `the data has the label "${unknown}" for ${name}, the manifest's field answers has ${labels.join(", ")}`,
    );
  }
  return scheme;
}

function identical(labels: readonly string[]): Scheme {
  return Object.fromEntries(labels.map((label) => [label, [label]]));
}

/** "East Asian" and "east_asian" are one label. */
function withoutSpelling(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}
