/** A folder of pictures with what is known of them. Paths are absolute. */
export type Dataset = PairsData | FacesData | BoxesData;

/** Two pictures each, of one person or of two. */
export interface PairsData {
  readonly kind: "pairs";
  readonly pairs: readonly { readonly first: string; readonly second: string; readonly same: boolean }[];
  /** Every picture of the folder, also those of no pair. */
  readonly photos: readonly { readonly file: string; readonly person: string }[];
  /** The protocol's folds: pair i is in fold `foldOf(i)`. */
  readonly folds: number;
  foldOf(pair: number): number;
}

/** One picture of one face each. */
export interface FacesData {
  readonly kind: "faces";
  readonly photos: readonly FacePhoto[];
  /** By answer, where the data's labels are coarser than a model's: its labels, and which of the model's each stands for. */
  readonly merged?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  /** By answer, where the data knows no values but ranges: the first and last whole unit of each. */
  readonly ranges?: Readonly<Record<string, readonly Range[]>>;
}

export type Range = readonly [first: number, last: number];

export interface FacePhoto {
  readonly file: string;
  /** By answer: a label in the data's words, a value, or the index of a range where the data has those. */
  readonly truths: Readonly<Record<string, string | number>>;
  /** Of the folder layout: the folder's name. */
  readonly folder?: string;
  /** Figures are also given for each value of these: `{ race: "Indian", gender: "female" }`. */
  readonly groups: Readonly<Record<string, string>>;
}

/** Pictures of scenes with every face in them. */
export interface BoxesData {
  readonly kind: "boxes";
  readonly photos: readonly { readonly file: string; readonly faces: readonly TrueBox[] }[];
  readonly matching: "overlap" | "centre";
}

/** Pixels of the upright photo. Where only place and size are compared, the height is the width. */
export interface TrueBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
