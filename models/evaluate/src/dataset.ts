import type { Task } from "@similarfaces/inference";

/** A folder of pictures with what is known of them. Paths are absolute. */
export type Dataset = PairsData | FacesData | BoxesData;

/** Two pictures each, of one person or of two. */
export interface PairsData {
  readonly kind: "pairs";
  readonly pairs: readonly { readonly first: string; readonly second: string; readonly same: boolean }[];
  /** The protocol's folds: pair i is in fold `foldOf(i)`. */
  readonly folds: number;
  foldOf(pair: number): number;
}

/** One picture of one face each. */
export interface FacesData {
  readonly kind: "faces";
  readonly photos: readonly FacePhoto[];
  /** Where the data's labels are coarser than a model's: its labels, and which of the model's each stands for. */
  readonly merged?: Partial<Record<Task, Readonly<Record<string, readonly string[]>>>>;
  /** First and last year of each of the data's age groups, where it knows no years. */
  readonly ageBins?: readonly (readonly [number, number])[];
}

export interface FacePhoto {
  readonly file: string;
  /** Years, or the index of an age group where the data has those. */
  readonly age?: number;
  /** By task, in the data's words. */
  readonly labels: Partial<Record<Task, string>>;
  /** Of the folder layout: whatever the folder is called. */
  readonly folder?: string;
  /** What accuracy is told for separately: `{ race: "Indian", gender: "female" }`. */
  readonly groups: Readonly<Record<string, string>>;
}

/** Pictures of scenes with every face in them. */
export interface BoxesData {
  readonly kind: "boxes";
  readonly photos: readonly { readonly file: string; readonly faces: readonly TrueBox[] }[];
  readonly matching: "overlap" | "centre";
}

/** Pixels of the upright photo. Without a height only place and size are compared. */
export interface TrueBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
