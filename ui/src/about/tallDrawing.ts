import type { StageName } from "@similarfaces/contracts/stages";
import { STAGE_HEIGHT, type Drawing, type Line } from "./drawing";

/** From top to bottom, for a phone. */
export function tallDrawing(analyzers: readonly StageName[]): Drawing {
  const width = 360;
  const inset = 34;
  const stageWidth = 296;
  const right = inset + stageWidth;
  const rail = width - 12;
  const row = (index: number) => 372 + index * 98;
  const middle = (y: number) => y + STAGE_HEIGHT / 2;
  const faceStages = [...analyzers, "embed"];
  const last = faceStages.length - 1;
  const stage = (name: StageName, y: number) => ({
    name,
    x: inset,
    y,
    width: stageWidth,
    height: STAGE_HEIGHT,
  });
  const embedEnd = row(last) + STAGE_HEIGHT;
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
      { path: `M${inset} ${facesFrom}H14V${middle(row(last))}`, isOpen: true },
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
      { x: 118, y: results - 8, text: "sf.v2.result.<job>", isCode: true },
      { x: 60, y: 226, text: "sf.v2.work.<job>.image", isCode: true },
      { x: 60, y: 241, text: "SF_IMAGES", isCode: true },
      { x: inset + 2, y: 352, text: "sf.v2.work.<job>.face.<group>", isCode: true },
      { x: right, y: 352, text: "SF_FACES", isCode: true, anchor: "end" },
      { x: 80, y: embedEnd + 26, text: "sf.v2.work.<job>.embedding.<face>", isCode: true },
      { x: 80, y: embedEnd + 42, text: "SF_EMBEDDINGS", isCode: true },
      { x: 190, y: gallery - 13, text: "the nearest" },
      { x: 190, y: enrol - 13, text: "adds a face, when asked to" },
    ],
  };
}
