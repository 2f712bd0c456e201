import type { StageName } from "@similarfaces/contracts/stages";
import { STAGE_HEIGHT, type Drawing, type Line } from "./drawing";

const STAGE_WIDTH = 186;
const ROW_HEIGHT = 96;
/** What the gateway, the gallery and the stages beside them take. */
const ROWS_MIN = 5;

/** From left to right. The analyzers stand below one another; what meets the photo first stands half way down beside them. */
export function wideDrawing(analyzers: readonly StageName[]): Drawing {
  const faceStages = ["embed", ...analyzers];
  const rows = Math.max(ROWS_MIN, faceStages.length);
  const row = (index: number) => index * ROW_HEIGHT;
  const middle = (index: number) => row(index) + STAGE_HEIGHT / 2;
  /** The row of extract and the gateway. */
  const level = Math.floor((rows - 1) / 2);
  const column = { gateway: 0, extract: 270, faces: 596, last: 952 };
  const right = (x: number) => x + STAGE_WIDTH;
  const facesBus = column.faces - 18;
  const resultsBus = right(column.faces) + 22;
  const farBus = right(column.last) + 22;
  const results = row(rows - 1) + STAGE_HEIGHT + 34;
  const enrolBus = column.last - 22;
  const centre = column.last + STAGE_WIDTH / 2;
  const extractCentre = column.extract + STAGE_WIDTH / 2;
  /** From the line of the results to the gateway, and on to whoever watches. */
  const home = `H66V${row(level + 1)}`;
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
      { name: "you", x: 0, y: row(level - 2), width: 132, height: STAGE_HEIGHT },
      { name: "gateway", x: 0, y: row(level) - 12, width: 132, height: STAGE_HEIGHT + 24 },
      { name: "blobs", x: column.extract, y: row(level - 2), width: STAGE_WIDTH, height: STAGE_HEIGHT },
      { name: "gallery", x: column.last, y: row(2), width: STAGE_WIDTH, height: STAGE_HEIGHT },
    ],
    stages: [
      stage("extract", column.extract, row(level)),
      ...faceStages.map((name, index) => stage(name, column.faces, row(index))),
      stage("match", column.last, row(0)),
      stage("enrol", column.last, row(4)),
    ],
    lines: [
      { path: `M44 ${row(level - 1) - 12}V${row(level) - 14}` },
      { path: `M88 ${row(level) - 12}V${row(level - 1) - 10}`, isResult: true },
      { path: `M132 ${middle(level) - 32}H200V${middle(level - 2)}H${column.extract - 2}` },
      { path: `M${column.extract + 70} ${row(level - 1) - 12}V${row(level) - 2}` },
      { path: `M${column.extract + 116} ${row(level)}V${row(level - 1) - 10}` },
      { path: `M132 ${middle(level)}H${column.extract - 2}`, stage: "extract" },
      { path: `M${right(column.extract)} ${middle(level)}H${facesBus}`, isOpen: true },
      { path: `M${facesBus} ${middle(0)}V${middle(Math.max(level, faceStages.length - 1))}`, isOpen: true },
      ...faceStages.map((name, index): Line => ({
        path: `M${facesBus} ${middle(index)}H${column.faces - 2}`,
        stage: name,
      })),
      { path: `M${right(column.faces)} ${middle(0)}H${column.last - 2}`, stage: "match" },
      { path: `M${enrolBus} ${middle(0)}V${middle(4)}H${column.last - 2}`, stage: "enrol", isSeldom: true },
      { path: `M${centre} ${row(2)}V${row(1) - 10}` },
      { path: `M${centre} ${row(4)}V${row(3) - 10}`, isSeldom: true },
      { path: `M${extractCentre} ${row(level + 1) - 12}V${results}`, isResult: true, isOpen: true },
      ...faceStages.map((_, index): Line => ({
        path: `M${right(column.faces)} ${middle(index)}H${resultsBus}`,
        isResult: true,
        isOpen: true,
      })),
      { path: `M${resultsBus} ${middle(0)}V${results}`, isResult: true, isOpen: true },
      { path: `M${right(column.last)} ${middle(0)}H${farBus}V${results}`, isResult: true, isOpen: true },
      { path: `M${right(column.last)} ${middle(4)}H${farBus}`, isResult: true, isOpen: true },
      { path: `M${farBus} ${results}H66V${row(level + 1)}`, isResult: true },
    ],
    flows: [
      { stage: "extract", path: `M132 ${middle(level)}H${column.extract}` },
      { stage: "extract", path: `M${extractCentre} ${row(level + 1) - 12}V${results}${home}` },
      ...faceStages.flatMap((name, index) => [
        {
          stage: name,
          path: `M${right(column.extract)} ${middle(level)}H${facesBus}V${middle(index)}H${column.faces}`,
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
      { x: 38, y: middle(level - 1) + 4, text: "photo", anchor: "end" },
      { x: 96, y: middle(level - 1) + 4, text: "results," },
      { x: 96, y: middle(level - 1) + 18, text: "one by one" },
      { x: 207, y: middle(level - 2) - 8, text: "the photo" },
      { x: column.extract + 63, y: middle(level - 1) + 4, text: "reads", anchor: "end" },
      { x: column.extract + 123, y: middle(level - 1) + 4, text: "leaves copies" },
      { x: 140, y: middle(level) - 20, text: "sf.v2.work.<job>", isCode: true },
      { x: 140, y: middle(level) - 7, text: ".image", isCode: true },
      { x: 140, y: middle(level) + 17, text: "SF_IMAGES", isCode: true },
      { x: right(column.extract) + 8, y: middle(level) - 20, text: "sf.v2.work.<job>", isCode: true },
      { x: right(column.extract) + 8, y: middle(level) - 7, text: ".face.<group>", isCode: true },
      { x: right(column.extract) + 8, y: middle(level) + 17, text: "SF_FACES", isCode: true },
      { x: resultsBus + 10, y: middle(0) - 20, text: "sf.v2.work.<job>", isCode: true },
      { x: resultsBus + 10, y: middle(0) - 7, text: ".embedding.<face>", isCode: true },
      { x: resultsBus + 10, y: middle(0) + 17, text: "SF_EMBEDDINGS", isCode: true },
      { x: enrolBus - 8, y: middle(4) - 2, text: "when asked to", anchor: "end" },
      { x: centre + 8, y: middle(1) + 4, text: "the nearest" },
      { x: centre + 8, y: middle(3) + 4, text: "adds a face" },
      { x: 78, y: results - 8, text: "sf.v2.result.<job>.<stage>.<group>", isCode: true },
      { x: 78, y: results + 18, text: "kept in SF_RESULTS, relayed live as sf.v2.live.<job>", isCode: true },
    ],
  };
}
