import type { StageName } from "@similarfaces/contracts/stages";

/** The stage diagram as boxes and lines, in units of its own; two layouts of the same system. */
export interface Drawing {
  width: number;
  height: number;
  stages: Spot<StageName>[];
  places: Spot<PlaceName>[];
  lines: Line[];
  /** The path of a stage's work and answer, drawn while it is busy. */
  flows: { stage: StageName; path: string }[];
  labels: Label[];
}

export type PlaceName = "you" | "gateway" | "blobs" | "gallery";

export interface Spot<Name> {
  name: Name;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Line {
  path: string;
  /** The stage whose work runs along it. */
  stage?: StageName;
  /** Only jobs that add a face to the gallery take it. */
  isSeldom?: boolean;
  isResult?: boolean;
  /** Without an arrow: it runs into another line. */
  isOpen?: boolean;
}

export interface Label {
  x: number;
  y: number;
  text: string;
  /** A subject or a stream, written as code. */
  isCode?: boolean;
  anchor?: "start" | "middle" | "end";
}

export const STAGE_HEIGHT = 84;
