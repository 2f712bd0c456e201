import { PackError, type Manifest, type Task } from "@similarfaces/inference";
import type { Dataset, FacePhoto, FacesData } from "./dataset.js";

/** A task that a data set has the truth for. */
export interface MeasuredTask {
  readonly task: Task;
  /** What is true of a picture: a label in the data's words, years, an age group's index, a person. */
  truth(photo: FacePhoto): string | number | undefined;
  /** Of a classifier: the data's labels, and the model's labels that each stands for. */
  readonly scheme: Readonly<Record<string, readonly string[]>>;
}

/** @throws PackError where the data has labels that the pack's model does not know */
export function tasksOf(dataset: Dataset, manifests: ReadonlyMap<Task, Manifest>): MeasuredTask[] {
  if (dataset.kind === "boxes") return only("detect", manifests);
  if (dataset.kind === "pairs") return only("embed", manifests);
  if (dataset.photos.some(({ folder }) => folder !== undefined)) return folderTask(dataset, manifests);
  const tasks: MeasuredTask[] = [];
  for (const [task, { labels = [] }] of manifests) {
    if (task === "age" && dataset.photos.some(({ age }) => age !== undefined)) {
      tasks.push({ task, scheme: {}, truth: ({ age }) => age });
    } else if (dataset.photos.some((photo) => photo.labels[task] !== undefined)) {
      tasks.push({ task, scheme: schemeOf(task, dataset, labels), truth: (photo) => photo.labels[task] });
    }
  }
  return tasks;
}

function only(task: Task, manifests: ReadonlyMap<Task, Manifest>): MeasuredTask[] {
  return manifests.has(task) ? [{ task, scheme: {}, truth: () => undefined }] : [];
}

/** The folders' names say which: labels of a classifier, else years, else people. */
function folderTask({ photos }: FacesData, manifests: ReadonlyMap<Task, Manifest>): MeasuredTask[] {
  const names = new Set(photos.map(({ folder = "" }) => folder));
  for (const [task, { labels = [] }] of manifests) {
    const byName = new Map(labels.map((label) => [plain(label), label]));
    if (byName.size > 0 && [...names].every((name) => byName.has(plain(name)))) {
      const scheme = Object.fromEntries(labels.map((label) => [label, [label]]));
      return [{ task, scheme, truth: ({ folder = "" }) => byName.get(plain(folder)) }];
    }
  }
  const years = [...names].every((name) => /^\d{1,3}$/.test(name) && Number(name) <= 100);
  const task = years ? "age" : "embed";
  if (!manifests.has(task)) return [];
  return [{ task, scheme: {}, truth: ({ folder = "" }) => (years ? Number(folder) : folder) }];
}

function schemeOf(
  task: Task,
  { photos, merged }: FacesData,
  labels: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  const scheme = merged?.[task] ?? Object.fromEntries(labels.map((label) => [label, [label]]));
  const unknown =
    photos.map((photo) => photo.labels[task]).find((label) => label !== undefined && !(label in scheme)) ??
    Object.values(scheme)
      .flat()
      .find((label) => !labels.includes(label));
  if (unknown !== undefined) {
    throw new PackError(
      `the data has the label "${unknown}" for ${task}, the manifest's field labels has ${labels.join(", ")}`,
    );
  }
  return scheme;
}

/** Spelling apart: "East Asian", "east_asian". */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}
