/**
 * The stages of a photo, in one table. Everything that lists stages derives from it, and from the analyzers that have announced
 * themselves (announcements.ts): each of these is a stage of the row `ANALYZER`.
 */

/** What its messages are about: a photo, a face, or a face and the gallery. How many a replica holds at once, and its memory, go by it. */
export type StageKind = "photo" | "face" | "gallery";

/** What a stage is given, as its subject names it: `sf.v2.work.<job>.<work>[.<face>]`. */
export const WORK_KINDS = ["image", "face", "embedding", "enrol"] as const;
export type WorkKind = (typeof WORK_KINDS)[number];

/** The field of a result that holds the answer. */
export type OutcomeKind = "extract" | "embed" | "analysis" | "match" | "enrol";

export interface StageRow {
  readonly kind: StageKind;
  /** Whose answer its work is made of; a stage whose source failed can never answer. `extract` works on the photo itself. */
  readonly source?: "extract" | "embed";
  /** Undefined for what its source answers along with its own: no work, no consumer and no result of its own. */
  readonly work?: WorkKind;
  readonly outcome: OutcomeKind;
}

export const STAGE_TABLE = {
  extract: { kind: "photo", work: "image", outcome: "extract" },
  // Computed where pixels and landmarks are; a result of its own per face would cost a seventh of all messages.
  quality: { kind: "face", source: "extract", outcome: "analysis" },
  embed: { kind: "face", source: "extract", work: "face", outcome: "embed" },
  match: { kind: "gallery", source: "embed", work: "embedding", outcome: "match" },
  // The last stage of the jobs that add a face to the gallery, in the place of `match`.
  enrol: { kind: "gallery", source: "embed", work: "enrol", outcome: "enrol" },
} as const satisfies Record<string, StageRow>;

/** A stage of the table: the ones that the system itself is made of. */
export type CoreStage = keyof typeof STAGE_TABLE;
export const CORE_STAGES = Object.keys(STAGE_TABLE) as CoreStage[];

/** The row of every analyzer that announces itself: it reads chips and answers with an analysis. */
const ANALYZER: StageRow = { kind: "face", source: "extract", work: "face", outcome: "analysis" };

/** A name of the table, or that of an analyzer. */
export type StageName = string;

/**
 * The models that every installation has one of, in the pipeline's order, each with the stage whose program runs it. They announce
 * themselves as analyzers do, and no analyzer can have their names.
 */
export const PROGRAM_OF_MODEL = {
  detect: "extract",
  refine: "extract",
  embed: "embed",
} as const satisfies Record<string, CoreStage>;
export type CoreModel = keyof typeof PROGRAM_OF_MODEL;
export const CORE_MODELS = Object.keys(PROGRAM_OF_MODEL) as CoreModel[];

export const isCoreModel = (name: string): name is CoreModel => Object.hasOwn(PROGRAM_OF_MODEL, name);

/**
 * Names that mean something else in subjects, consumers or events (`open` and `error` are a browser's own), those of other users of the
 * broker and of other programs of a machine's mesh, and `constructor`, which every object has by that name.
 */
const RESERVED: readonly string[] = [
  "accepted",
  "analysis",
  "cluster",
  "complete",
  "constructor",
  "deleted",
  "deletion",
  "error",
  "failure",
  "gateway",
  "mesh",
  "message",
  "nats-server",
  "open",
  "operator",
  "provision",
  "supervisor",
];
/** Of a subject's token, a consumer, an event, a metric's label and a Kubernetes name. */
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const NAME_LENGTH_MAX = 32;

export const isCoreStage = (name: string): name is CoreStage => Object.hasOwn(STAGE_TABLE, name);

export const isStageName = (name: string): boolean =>
  NAME.test(name) &&
  name.length <= NAME_LENGTH_MAX &&
  !RESERVED.includes(name) &&
  (isCoreStage(name) || !isCoreModel(name));

/** Why no analyzer can have this name, as a sentence; undefined where one can. */
export function refusalOfAnalyzer(name: string): string | undefined {
  if (isCoreStage(name) || isCoreModel(name) || RESERVED.includes(name))
    return `"${name}" is a name of the system itself`;
  if (!isStageName(name)) {
    return `"${name}" is no name of an analyzer: letters a to z, digits and single hyphens, ${NAME_LENGTH_MAX} at most, a letter first`;
  }
  return undefined;
}

export const rowOf = (stage: StageName): StageRow => (isCoreStage(stage) ? STAGE_TABLE[stage] : ANALYZER);

/** Whether it answers once for every face; `extract` answers once for the photo. */
export const answersPerFace = (stage: StageName): boolean => rowOf(stage).kind !== "photo";

/** Whether it needs the gallery: these run in one program, `match`. */
export const isGalleryStage = (stage: StageName): boolean => rowOf(stage).kind === "gallery";

/** Whether it has work, a consumer and results of its own. */
export const hasConsumer = (stage: StageName): boolean => rowOf(stage).work !== undefined;

/** Whether a job that only analyses a photo may ask for it: enrolling takes a name and a consent, and has routes of its own. */
export const isForPhotos = (stage: StageName): boolean => rowOf(stage).work !== "enrol";

/** A stage after those whose answers it is made of, the first one first: extract, embed, match. */
export function withSources(stage: StageName): StageName[] {
  const { source } = rowOf(stage);
  return source ? [...withSources(source), stage] : [stage];
}

/** Of `stages`, those whose work is of this kind: who publishes it asks whether there are any. */
export const stagesOfWork = (stages: readonly StageName[], work: WorkKind): StageName[] =>
  stages.filter((stage) => rowOf(stage).work === work);

/** The stages of a job that adds a face to the gallery. */
export const ENROL_STAGES: readonly CoreStage[] = ["extract", "quality", "embed", "enrol"];

/**
 * Sides that a chip may have, pixels: the ArcFace frame, and the same frame with 16 pixels of margin all round. A chip is RGB, uint8, row by
 * row. A job's chips have the largest side that one of its models wants; a model that wants a smaller one is given the middle.
 */
export const CHIP_SIDES = [112, 144] as const;
export type ChipSide = (typeof CHIP_SIDES)[number];
/** The side where no model asks for another. */
export const CHIP_SIDE = 112 satisfies ChipSide;
export const isChipSide = (side: number): side is ChipSide => CHIP_SIDES.some((known) => known === side);
export const chipBytes = (side: number): number => side * side * 3;
/** Of every JPEG that is stored: one cut from another and encoded alike loses next to nothing. */
export const JPEG_QUALITY = 88;
/** Sides of a portrait, pixels: a face that has more of them in the photo is shrunk, one that has less enlarged. */
export const PORTRAIT_SIDE_MIN = 320;
export const PORTRAIT_SIDE_MAX = 640;
/** Of a portrait's JPEG: two of them, and what goes with them, fit into a message of the broker. */
export const PORTRAIT_BYTES_MAX = 256 * 1024;
/** Floats in an embedding; on the wire 2,048 bytes of little-endian float32. */
export const EMBEDDING_SIZE = 512;
export const EMBEDDING_BYTES = EMBEDDING_SIZE * 4;
/** Pixels that a photo may have: what decoding it would cost is known from its header. */
export const PHOTO_PIXELS_MAX = 60_000_000;
/** Pixels on either side: a decoder spends time on every row, however short. */
export const PHOTO_SIDE_MAX = 20_000;
/** Faces analysed of one photo at most, largest first. */
export const FACES_MAX = 64;
