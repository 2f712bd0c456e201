import type { StageName } from "@similarfaces/contracts/stages";

/** The stage diagram as boxes and lines, in units of its own; two layouts of the same system. */
export interface Drawing {
  width: number;
  height: number;
  stages: Spot<StageName>[];
  places: Spot<PlaceName>[];
  lines: Line[];
  /** The whole way of a stage's work and answer, seen while it is busy. */
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

const STAGE_WIDTH = 186;
const STAGE_HEIGHT = 84;

/** From left to right. */
export function wideDrawing(): Drawing {
  const row = (index: number) => index * 96;
  const middle = (index: number) => row(index) + STAGE_HEIGHT / 2;
  const column = { gateway: 0, extract: 270, faces: 596, last: 952 };
  const right = (x: number) => x + STAGE_WIDTH;
  const facesBus = column.faces - 18;
  const resultsBus = right(column.faces) + 22;
  const farBus = right(column.last) + 22;
  const results = row(4) + STAGE_HEIGHT + 34;
  const enrolBus = column.last - 22;
  const centre = column.last + STAGE_WIDTH / 2;
  const extractCentre = column.extract + STAGE_WIDTH / 2;
  /** From the line of the results to the gateway, and on to whoever watches. */
  const home = `H66V${row(3)}`;
  const faceStages = ["embed", "age", "gender", "race", "emotion"] as const;
  const stage = (name: StageName, x: number, y: number) => ({
    name,
    x,
    y,
    width: STAGE_WIDTH,
    height: STAGE_HEIGHT,
  });
  return {
    width: farBus + 4,
    height: results + 32,
    places: [
      { name: "you", x: 0, y: row(0), width: 132, height: STAGE_HEIGHT },
      { name: "gateway", x: 0, y: row(2) - 12, width: 132, height: STAGE_HEIGHT + 24 },
      { name: "blobs", x: column.extract, y: row(0), width: STAGE_WIDTH, height: STAGE_HEIGHT },
      { name: "gallery", x: column.last, y: row(2), width: STAGE_WIDTH, height: STAGE_HEIGHT },
    ],
    stages: [
      stage("extract", column.extract, row(2)),
      ...faceStages.map((name, index) => stage(name, column.faces, row(index))),
      stage("match", column.last, row(0)),
      stage("enrol", column.last, row(4)),
    ],
    lines: [
      { path: `M44 ${row(1) - 12}V${row(2) - 14}` },
      { path: `M88 ${row(2) - 12}V${row(1) - 10}`, isResult: true },
      { path: `M132 ${middle(2) - 32}H200V${middle(0)}H${column.extract - 2}` },
      { path: `M${column.extract + 70} ${row(1) - 12}V${row(2) - 2}` },
      { path: `M${column.extract + 116} ${row(2)}V${row(1) - 10}` },
      { path: `M132 ${middle(2)}H${column.extract - 2}`, stage: "extract" },
      { path: `M${right(column.extract)} ${middle(2)}H${facesBus}`, isOpen: true },
      { path: `M${facesBus} ${middle(0)}V${middle(4)}`, isOpen: true },
      ...faceStages.map((name, index): Line => ({
        path: `M${facesBus} ${middle(index)}H${column.faces - 2}`,
        stage: name,
      })),
      { path: `M${right(column.faces)} ${middle(0)}H${column.last - 2}`, stage: "match" },
      { path: `M${enrolBus} ${middle(0)}V${middle(4)}H${column.last - 2}`, stage: "enrol", isSeldom: true },
      { path: `M${centre} ${row(2)}V${row(1) - 10}` },
      { path: `M${centre} ${row(4)}V${row(3) - 10}`, isSeldom: true },
      { path: `M${extractCentre} ${row(3) - 12}V${results}`, isResult: true, isOpen: true },
      ...faceStages.map((_, index): Line => ({
        path: `M${right(column.faces)} ${middle(index)}H${resultsBus}`,
        isResult: true,
        isOpen: true,
      })),
      { path: `M${resultsBus} ${middle(0)}V${results}`, isResult: true, isOpen: true },
      { path: `M${right(column.last)} ${middle(0)}H${farBus}V${results}`, isResult: true, isOpen: true },
      { path: `M${right(column.last)} ${middle(4)}H${farBus}`, isResult: true, isOpen: true },
      { path: `M${farBus} ${results}H66V${row(3)}`, isResult: true },
    ],
    flows: [
      { stage: "extract", path: `M132 ${middle(2)}H${column.extract}` },
      { stage: "extract", path: `M${extractCentre} ${row(3) - 12}V${results}${home}` },
      ...faceStages.flatMap((name, index) => [
        {
          stage: name,
          path: `M${right(column.extract)} ${middle(2)}H${facesBus}V${middle(index)}H${column.faces}`,
        },
        {
          stage: name,
          path: `M${right(column.faces)} ${middle(index)}H${resultsBus}V${results}${home}`,
        },
      ]),
      { stage: "match", path: `M${right(column.faces)} ${middle(0)}H${column.last}` },
      { stage: "match", path: `M${right(column.last)} ${middle(0)}H${farBus}V${results}${home}` },
      {
        stage: "enrol",
        path: `M${right(column.faces)} ${middle(0)}H${enrolBus}V${middle(4)}H${column.last}`,
      },
      { stage: "enrol", path: `M${right(column.last)} ${middle(4)}H${farBus}V${results}${home}` },
    ],
    labels: [
      { x: 38, y: middle(1) + 4, text: "photo", anchor: "end" },
      { x: 96, y: middle(1) + 4, text: "results," },
      { x: 96, y: middle(1) + 18, text: "one by one" },
      { x: 207, y: middle(0) - 8, text: "the photo" },
      { x: column.extract + 63, y: middle(1) + 4, text: "reads", anchor: "end" },
      { x: column.extract + 123, y: middle(1) + 4, text: "leaves copies" },
      { x: 140, y: middle(2) - 20, text: "sf.v1.work.<job>", isCode: true },
      { x: 140, y: middle(2) - 7, text: ".image", isCode: true },
      { x: 140, y: middle(2) + 17, text: "SF_IMAGES", isCode: true },
      { x: right(column.extract) + 8, y: middle(2) - 20, text: "sf.v1.work.<job>", isCode: true },
      { x: right(column.extract) + 8, y: middle(2) - 7, text: ".face.<face>", isCode: true },
      { x: right(column.extract) + 8, y: middle(2) + 17, text: "SF_FACES", isCode: true },
      { x: resultsBus + 10, y: middle(0) - 20, text: "sf.v1.work.<job>", isCode: true },
      { x: resultsBus + 10, y: middle(0) - 7, text: ".embedding.<face>", isCode: true },
      { x: resultsBus + 10, y: middle(0) + 17, text: "SF_EMBEDDINGS", isCode: true },
      { x: enrolBus - 8, y: middle(4) - 2, text: "when asked to", anchor: "end" },
      { x: centre + 8, y: middle(1) + 4, text: "the nearest" },
      { x: centre + 8, y: middle(3) + 4, text: "adds a face" },
      { x: 78, y: results - 8, text: "sf.v1.result.<job>.<stage>.<face>", isCode: true },
      { x: 78, y: results + 18, text: "kept in SF_RESULTS, relayed live as sf.v1.live.<job>", isCode: true },
    ],
  };
}

/** From top to bottom, for a phone. */
export function tallDrawing(): Drawing {
  const width = 360;
  const inset = 34;
  const stageWidth = 296;
  const right = inset + stageWidth;
  const rail = width - 12;
  const row = (index: number) => 372 + index * 98;
  const middle = (y: number) => y + STAGE_HEIGHT / 2;
  const faceStages = ["age", "gender", "race", "emotion", "embed"] as const;
  const stage = (name: StageName, y: number) => ({
    name,
    x: inset,
    y,
    width: stageWidth,
    height: STAGE_HEIGHT,
  });
  const embedEnd = row(4) + STAGE_HEIGHT;
  const match = embedEnd + 62;
  const gallery = match + STAGE_HEIGHT + 36;
  const enrol = gallery + 62 + 36;
  const results = 196;
  const faces = faceStages.map((name, index) => stage(name, row(index)));
  const all = [stage("extract", 250), ...faces, stage("match", match), stage("enrol", enrol)];
  const facesFrom = 250 + STAGE_HEIGHT - 20;
  return {
    width,
    height: enrol + STAGE_HEIGHT + 6,
    places: [
      { name: "you", x: 0, y: 2, width: 160, height: 62 },
      { name: "gateway", x: 0, y: 104, width: 160, height: 62 },
      { name: "blobs", x: 200, y: 104, width: 160, height: 62 },
      { name: "gallery", x: inset, y: gallery, width: stageWidth, height: 62 },
    ],
    stages: all,
    lines: [
      { path: "M50 64V102" },
      { path: "M110 104V66", isResult: true },
      { path: "M160 135H198" },
      { path: "M318 166V248" },
      { path: "M50 166V248", stage: "extract" },
      { path: `M${inset} ${facesFrom}H14V${middle(row(4))}`, isOpen: true },
      ...faces.map(({ name, y }): Line => ({ path: `M14 ${middle(y)}H${inset - 2}`, stage: name })),
      { path: `M70 ${embedEnd}V${match - 2}`, stage: "match" },
      { path: `M${inset} ${embedEnd - 16}H14V${middle(enrol)}H${inset - 2}`, stage: "enrol", isSeldom: true },
      { path: `M182 ${gallery}V${match + STAGE_HEIGHT + 2}` },
      { path: `M182 ${enrol}V${gallery + 64}`, isSeldom: true },
      ...all.map(({ y }): Line => ({ path: `M${right} ${middle(y)}H${rail}`, isResult: true, isOpen: true })),
      { path: `M${rail} ${middle(enrol)}V${results}H110V168`, isResult: true },
    ],
    flows: [
      { stage: "extract", path: "M50 166V250" },
      ...faces.map(({ name, y }) => ({
        stage: name,
        path: `M${inset} ${facesFrom}H14V${middle(y)}H${inset}`,
      })),
      { stage: "match", path: `M70 ${embedEnd}V${match}` },
      { stage: "enrol", path: `M${inset} ${embedEnd - 16}H14V${middle(enrol)}H${inset}` },
      ...all.map(({ name, y }) => ({
        stage: name,
        path: `M${right} ${middle(y)}H${rail}V${results}H110V168`,
      })),
    ],
    labels: [
      { x: 42, y: 88, text: "photo", anchor: "end" },
      { x: 118, y: 88, text: "results, one by one" },
      { x: 118, y: results - 8, text: "sf.v1.result.<job>", isCode: true },
      { x: 60, y: 226, text: "sf.v1.work.<job>.image", isCode: true },
      { x: 60, y: 241, text: "SF_IMAGES", isCode: true },
      { x: inset + 2, y: 352, text: "sf.v1.work.<job>.face.<face>", isCode: true },
      { x: right, y: 352, text: "SF_FACES", isCode: true, anchor: "end" },
      { x: 80, y: embedEnd + 26, text: "sf.v1.work.<job>.embedding.<face>", isCode: true },
      { x: 80, y: embedEnd + 42, text: "SF_EMBEDDINGS", isCode: true },
      { x: 190, y: gallery - 13, text: "the nearest" },
      { x: 190, y: enrol - 13, text: "adds a face, when asked to" },
    ],
  };
}
