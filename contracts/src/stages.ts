/** The seven stages of a photo, in the order in which a reader meets them. */
export const STAGES = ["extract", "embed", "age", "gender", "race", "emotion", "match"] as const;
export type AnalysisStage = (typeof STAGES)[number];

/** `enrol` is the last stage of the jobs that add a face to the gallery, in the place of `match`. */
export type StageName = AnalysisStage | "enrol";

export const ANALYZERS = ["age", "gender", "race", "emotion"] as const;
export type AnalyzerName = (typeof ANALYZERS)[number];

/** Stages that answer once for every face; `extract` answers once for the photo. */
export const FACE_STAGES = ["embed", "age", "gender", "race", "emotion", "match", "enrol"] as const;
export type FaceStage = (typeof FACE_STAGES)[number];

/** What a stage's input is made by. A stage whose source failed can never answer. */
export const SOURCE_OF: Readonly<Record<FaceStage, "extract" | "embed">> = {
  embed: "extract",
  age: "extract",
  gender: "extract",
  race: "extract",
  emotion: "extract",
  match: "embed",
  enrol: "embed",
};

export const ENROL_STAGES: readonly StageName[] = ["extract", "embed", "enrol"];

export function isStageName(name: string): name is StageName {
  return name === "enrol" || (STAGES as readonly string[]).includes(name);
}

/** A chip is 144x144 RGB, uint8, row by row. */
export const CHIP_SIDE = 144;
export const CHIP_BYTES = CHIP_SIDE * CHIP_SIDE * 3;
/** Of every JPEG that is stored: one cut from another and encoded alike loses next to nothing. */
export const JPEG_QUALITY = 88;
/** Floats in an embedding; on the wire 2,048 bytes of little-endian float32. */
export const EMBEDDING_SIZE = 512;
export const EMBEDDING_BYTES = EMBEDDING_SIZE * 4;
/** Pixels that a photo may have: what decoding it would cost is known from its header. */
export const PHOTO_PIXELS_MAX = 60_000_000;
/** Pixels on either side: a decoder spends time on every row, however short. */
export const PHOTO_SIDE_MAX = 20_000;
/** Faces analysed of one photo at most, largest first. */
export const FACES_MAX = 64;
