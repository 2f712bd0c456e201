import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { availableParallelism } from "node:os";
import { Gateway } from "@similarfaces/client";
import { visit } from "@similarfaces/load";
import { ProgressBar, importPhotos, peopleOfFolder, type Outcome } from "@similarfaces/mesh";
import { closedLoop } from "../closedLoop.js";
import { startMeshUnderTest } from "../meshUnderTest.js";

export interface BenchImportOptions {
  /** Folders whose pictures are repeated under other names. */
  folders: readonly string[];
  photos: number;
  baselineMs: number;
}

export interface ImportReport {
  photos: number;
  perSecond: number;
  pipelinePerSecond: number;
  ratio: number;
  outcomes: Record<Outcome["kind"], number>;
}

const PHOTOS_PER_PERSON = 4;
const IN_FLIGHT_PER_WORKER = 8;
const PICTURE = /\.(jpe?g|png|webp|avif|gif|tiff?)$/i;

/** `npm run gallery -- import` of many photos, against the same photos analysed by all stages. Prints as it goes. */
export async function benchImport({
  folders,
  photos,
  baselineMs,
}: BenchImportOptions): Promise<ImportReport> {
  const inFlight = IN_FLIGHT_PER_WORKER * availableParallelism();
  const originals = (await Promise.all(folders.map(picturesIn))).flat();
  const contents = await Promise.all(originals.map((path) => readFile(path)));
  const folder = await mkdtemp(join(tmpdir(), "similarfaces-import-"));
  const mesh = await startMeshUnderTest({ SAMPLE_GALLERY: "false" });
  try {
    await repeat(originals, photos, folder);
    const analyse = async (turn: number) => {
      const { outcome } = await visit(mesh.url, contents[turn % contents.length]!, "sse", performance.now());
      if (outcome !== "complete") throw new Error(`a photo was not analysed: ${outcome}`);
    };
    await closedLoop(inFlight, baselineMs / 4, analyse);
    const baseline = await closedLoop(inFlight, baselineMs, analyse);
    console.log(`pipeline, all stages, the same photos: ${baseline.perSecond.toFixed(2)} photos/s`);

    const { people } = await peopleOfFolder(folder);
    const outcomes = { enrolled: 0, known: 0, refused: 0 };
    const bar = new ProgressBar("photos imported", photos);
    const startedAtMs = performance.now();
    await importPhotos({
      largest: false,
      gallery: new Gateway({ url: mesh.url }).gallery,
      people,
      consent: "bench",
      inFlight,
      onRead() {},
      onPhoto({ path }, outcome) {
        outcomes[outcome.kind]++;
        if (outcome.kind === "refused") bar.above("", `${path}: ${outcome.message} (${outcome.code})`);
        bar.advance();
      },
    });
    bar.end();
    const perSecond = (photos / (performance.now() - startedAtMs)) * 1_000;
    const ratio = perSecond / baseline.perSecond;
    console.log(
      `import of ${photos} photos of ${people.length} people: ${perSecond.toFixed(2)} photos/s, ` +
        `${ratio.toFixed(2)} of the pipeline's; ${JSON.stringify(outcomes)}`,
    );
    return { photos, perSecond, pipelinePerSecond: baseline.perSecond, ratio, outcomes };
  } finally {
    await mesh.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** In folders of some photos per person, with a number behind each, which decoders pass over: an import knows a photo by its bytes. */
async function repeat(originals: readonly string[], photos: number, folder: string): Promise<void> {
  for (let i = 0; i < photos; i++) {
    const original = originals[i % originals.length]!;
    const person = join(folder, `Person ${Math.floor(i / PHOTOS_PER_PERSON)}`);
    await mkdir(person, { recursive: true });
    const numbered = Buffer.concat([await readFile(original), Buffer.from(`${i}`)]);
    await writeFile(join(person, `${i % PHOTOS_PER_PERSON}${extname(original)}`), numbered);
  }
}

async function picturesIn(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true });
  return files.filter((file) => PICTURE.test(file)).map((file) => join(folder, file));
}
