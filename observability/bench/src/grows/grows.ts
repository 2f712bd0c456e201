import { visit, type MixPhoto } from "@similarfaces/load";
import { ProgressBar } from "@similarfaces/mesh";
import { startBareProcess, type BareProcess } from "../bare/bareProcess.js";
import { costOf, meshRound } from "../cost.js";
import { startMeshUnderTest, type MeshUnderTest } from "../meshUnderTest.js";
import { PHOTOS } from "../resolution/benchResolution.js";
import type { SpentRound } from "../spentRound.js";
import { madePhotos } from "./madePhotos.js";
import { searchGrowth } from "./searches.js";

export const AXES = ["clients", "faces", "megapixels", "gallery"] as const;
export type Axis = (typeof AXES)[number];

export interface GrowsOptions {
  modelsDir: string;
  only: readonly Axis[];
  /** Of the clients. */
  mix: readonly MixPhoto[];
  /** Of each point, in the mesh and in the bare loop. */
  roundMs: number;
  /** Faces in the gallery, ascending. */
  sizes: readonly number[];
}

/** Milliseconds of processor time: per photo, of the gallery per search. */
export interface GrowsRow {
  axis: Axis;
  /** How many of it. */
  at: number;
  /** Of services and broker; of the gallery, of the search alone. */
  ms: number;
  /** Not of the gallery. */
  bare?: number;
  cost?: number;
}

export interface GrowsReport {
  rows: GrowsRow[];
  /** The setting that the largest gallery needs. */
  galleryMaxMib?: number;
}

const CLIENTS = [1, 2, 4, 8];
const FACES = [1, 2, 4, 8, 16, 32, 64];
/** Of the photos with more and more faces: 3 megapixels. */
const FACES_SIZE = { width: 2_048, height: 1_536 };
/** In each of the photos with more and more pixels. */
const FACES_EACH = 4;
/** Photos of 48 megapixels at once: one per core is all that there is memory for. */
const AT_ONCE = 2;

/** What a photo costs as there are more clients, faces, pixels, and people in the gallery. */
export async function benchGrows(options: GrowsOptions): Promise<GrowsReport> {
  const { only, sizes } = options;
  const ofPhotos = AXES.filter((axis) => axis !== "gallery" && only.includes(axis));
  const rows = ofPhotos.length > 0 ? await growthOfPhotos(options) : [];
  if (!only.includes("gallery") || sizes.length === 0) return { rows };
  const { points, galleryMaxMib } = await searchGrowth(sizes);
  rows.push(...points.map((point): GrowsRow => ({ axis: "gallery", ...point })));
  return { rows, galleryMaxMib };
}

/** A point to measure. */
interface Sent {
  axis: Axis;
  at: number;
  photos: readonly MixPhoto[];
  inFlight: number;
}

async function growthOfPhotos({ modelsDir, only, mix, roundMs }: GrowsOptions): Promise<GrowsRow[]> {
  const bareLoop = await startBareProcess(process.env);
  const mesh = await startMeshUnderTest();
  try {
    const points = [
      ...(only.includes("clients") ? clients(mix) : []),
      ...(only.includes("faces") ? await faces(modelsDir, mesh) : []),
      ...(only.includes("megapixels") ? await megapixels(modelsDir) : []),
    ];
    await warmUp(points, { bareLoop, mesh, roundMs });
    const bar = new ProgressBar("points", points.length);
    const rows: GrowsRow[] = [];
    for (const { axis, at, photos, inFlight } of points) {
      const bare: SpentRound = await bareLoop.round(photos, roundMs);
      const round = await meshRound(mesh, photos, { inFlight, roundMs });
      const { services, broker, bare: ofBare, difference } = costOf([round], [bare]);
      rows.push({ axis, at, ms: services + broker, bare: ofBare, cost: difference });
      bar.advance();
    }
    bar.end();
    return rows;
  } finally {
    await mesh.stop();
    await bareLoop.close();
  }
}

/** Uncounted: both compile their code at the first photos. */
async function warmUp(
  [first]: readonly Sent[],
  { bareLoop, mesh, roundMs }: { bareLoop: BareProcess; mesh: MeshUnderTest; roundMs: number },
): Promise<void> {
  if (!first) return;
  await bareLoop.round(first.photos, roundMs);
  await meshRound(mesh, first.photos, { inFlight: AT_ONCE, roundMs });
}

function clients(photos: readonly MixPhoto[]): Sent[] {
  return CLIENTS.map((at) => ({ axis: "clients", at, photos, inFlight: at }));
}

async function faces(modelsDir: string, { url }: MeshUnderTest): Promise<Sent[]> {
  const recipes = FACES.map((count) => ({ size: FACES_SIZE, faces: count }));
  const points: Sent[] = [];
  for (const [i, bytes] of (await madePhotos(modelsDir, recipes)).entries()) {
    const name = `${FACES[i]} faces`;
    const visited = await visit(url, bytes, "sse", performance.now());
    if (visited.allResultsMs === undefined)
      throw new Error(`${name}: ${visited.outcome} ${visited.reason ?? ""}`);
    points.push(point("faces", visited.faces, { name, bytes }));
  }
  return points;
}

async function megapixels(modelsDir: string): Promise<Sent[]> {
  const photos = await madePhotos(
    modelsDir,
    PHOTOS.map((size) => ({ size, faces: FACES_EACH })),
  );
  return photos.map((bytes, i) => {
    const { width, height } = PHOTOS[i]!;
    return point("megapixels", (width * height) / 1e6, { name: `${width} x ${height}`, bytes });
  });
}

function point(axis: Axis, at: number, photo: Omit<MixPhoto, "weight">): Sent {
  return { axis, at, photos: [{ ...photo, weight: 1 }], inFlight: AT_ONCE };
}
