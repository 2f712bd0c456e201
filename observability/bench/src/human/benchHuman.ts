import { availableParallelism } from "node:os";
import { Gateway } from "@similarfaces/client";
import { visit, type MixPhoto } from "@similarfaces/load";
import { IN_FLIGHT_PER_WORKER, meshRound } from "../cost.js";
import { startMeshUnderTest, type MeshUnderTest } from "../meshUnderTest.js";
import { median } from "../percentiles.js";
import type { SpentRound } from "../spentRound.js";
import { fetchHuman } from "./fetchHuman.js";
import { startHuman, type HumanProcess } from "./humanProcess.js";

export interface BenchHumanOptions {
  mix: readonly MixPhoto[];
  rounds: number;
  roundMs: number;
}

/** What one of the two is, and what it got done: medians of rounds. */
interface Contender {
  version: string;
  models: readonly string[];
  photosPerSecond: number;
  cpuMsPerPhoto: number;
}

export interface HumanReport {
  human: Contender & { processes: number };
  mesh: Contender;
  /** Of photos per second: how many times human's the mesh's are. */
  times: number;
  faces: { photo: string; human: number; mesh: number }[];
}

/** The mesh and vladmandic/human in turns on the same photos, each with all cores. Prints as it goes. */
export async function benchHuman({ mix, rounds, roundMs }: BenchHumanOptions): Promise<HumanReport> {
  const folder = await fetchHuman();
  const workers = availableParallelism();
  const inFlight = IN_FLIGHT_PER_WORKER * workers;
  const humans: HumanProcess[] = [];
  const mesh = await startMeshUnderTest();
  try {
    for (let i = 0; i < workers; i++) humans.push(await startHuman(folder));
    const { version, models } = humans[0]!;
    const own = await modelsOf(mesh);
    console.log(`${version}, ${workers} processes: ${models.join(", ")}`);
    console.log(`${own.version}: ${own.models.join(", ")}`);
    const faces = await facesOf(mix, humans, mesh);
    const [theirs, ours]: [SpentRound[], SpentRound[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      const all = await Promise.all(humans.map((human) => human.round(mix, roundMs)));
      theirs.push(together(all));
      const { servicesSeconds, brokerSeconds, ...done } = await meshRound(mesh, mix, { inFlight, roundMs });
      ours.push({ ...done, cpuSeconds: servicesSeconds + brokerSeconds });
      const [human, meshes] = [theirs.at(-1)!.perSecond, ours.at(-1)!.perSecond];
      console.log(
        `round ${round + 1}: mesh ${meshes.toFixed(2)} photos/s, human ${human.toFixed(2)}: ${(meshes / human).toFixed(1)} times`,
      );
    }
    const report = {
      human: { version, models, processes: workers, ...figuresOf(theirs) },
      mesh: { ...own, ...figuresOf(ours) },
      times: median(ours.map(({ perSecond }, i) => perSecond / theirs[i]!.perSecond)),
      faces,
    };
    describe(report);
    return report;
  } finally {
    await Promise.all(humans.map((human) => human.close()));
    await mesh.stop();
  }
}

async function modelsOf({ url }: MeshUnderTest): Promise<Pick<Contender, "version" | "models">> {
  const { version, models } = await new Gateway({ url }).about();
  // Of those on disk the ones that run say in which precision.
  const inUse = models.flatMap(({ id, version: of, precision }) =>
    precision ? [`${id}@${of} ${precision}`] : [],
  );
  return { version: `similarfaces ${version}`, models: inUse };
}

/** Every photo once in each process, so that nothing is new to it afterwards. */
async function facesOf(mix: readonly MixPhoto[], humans: readonly HumanProcess[], { url }: MeshUnderTest) {
  const faces: HumanReport["faces"] = [];
  for (const { name: photo, bytes } of mix) {
    const [human = 0] = await Promise.all(humans.map((each) => each.facesIn(bytes)));
    const visited = await visit(url, bytes, "sse", performance.now());
    if (visited.allResultsMs === undefined)
      throw new Error(`${photo}: ${visited.outcome} ${visited.reason ?? ""}`);
    faces.push({ photo, human, mesh: visited.faces });
  }
  return faces;
}

/** What processes got done side by side. */
function together(rounds: readonly SpentRound[]): SpentRound {
  return rounds.reduce((all, round) => ({
    photos: all.photos + round.photos,
    photosInAll: all.photosInAll + round.photosInAll,
    perSecond: all.perSecond + round.perSecond,
    elapsedMs: Math.max(all.elapsedMs, round.elapsedMs),
    cpuSeconds: all.cpuSeconds + round.cpuSeconds,
  }));
}

function figuresOf(rounds: readonly SpentRound[]): Pick<Contender, "photosPerSecond" | "cpuMsPerPhoto"> {
  return {
    photosPerSecond: median(rounds.map(({ perSecond }) => perSecond)),
    cpuMsPerPhoto: median(rounds.map(({ cpuSeconds, photosInAll }) => (cpuSeconds / photosInAll) * 1_000)),
  };
}

/** Goal of the mesh, with more answers and everything stored on its way. */
const TIMES_WANTED = 4;

function describe({ human, mesh, times, faces }: HumanReport): void {
  const found = faces.map((one) => `${one.photo} ${one.human} and ${one.mesh}`).join(", ");
  console.log(`faces found by human and by the mesh: ${found}`);
  for (const [name, { photosPerSecond, cpuMsPerPhoto }] of Object.entries({ mesh, human })) {
    console.log(
      `${name}: ${photosPerSecond.toFixed(2)} photos/s, ${cpuMsPerPhoto.toFixed(0)} ms of processor time per photo`,
    );
  }
  console.log(`the mesh does ${times.toFixed(1)} times as many photos; ${TIMES_WANTED} are wanted`);
}
