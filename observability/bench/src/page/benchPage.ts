import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { enrolSamples, readConfig } from "@similarfaces/mesh";
import { startMeshUnderTest } from "../meshUnderTest.js";
import { median } from "../percentiles.js";
import { writeCrowdPhoto } from "./crowdPhoto.js";
import { watchByCurl } from "./watchByCurl.js";
import { openChromium, watchByPage, type PageVisit } from "./watchByPage.js";

export interface PageOptions {
  modelsDir: string;
  /** In each, curl and then the page. */
  rounds: number;
}

export interface PageReport {
  /** Milliseconds from giving the photo to the last answer. */
  rounds: (PageVisit & { curlMs: number })[];
  /** Medians, and the page's in curl's. */
  curlMs: number;
  pageMs: number;
  ratio: number;
}

/** In curl's time. */
const RATIO_MAX = 1.15;

/** The same photo of sixty-four faces, watched by curl alone and by the page alone, in turns, on a mesh with its models and the sample gallery. */
export async function benchPage({ modelsDir, rounds: count }: PageOptions): Promise<PageReport> {
  const folder = await mkdtemp(join(tmpdir(), "similarfaces-page-"));
  const photo = join(folder, "crowd.jpg");
  const dataDir = join(folder, "data");
  const mesh = await startMeshUnderTest({}, { dataDir });
  const browser = await openChromium();
  try {
    await writeCrowdPhoto(photo, { modelsDir });
    const config = readConfig({ ...process.env, DATA_DIR: dataDir });
    await enrolSamples({ config, url: mesh.url, signal: new AbortController().signal });
    // Whatever is compiled or loaded at first use is so for both.
    await watchByCurl(mesh.url, photo);
    await watchByPage(browser, mesh.url, photo);
    const rounds: PageReport["rounds"] = [];
    for (let round = 0; round < count; round++) {
      const curlMs = await watchByCurl(mesh.url, photo);
      const visit = await watchByPage(browser, mesh.url, photo);
      rounds.push({ curlMs, ...visit });
      console.log(
        `round ${round + 1}, ${visit.headline}: curl ${curlMs.toFixed(0)} ms, the page ${visit.allMs.toFixed(0)} ms (it says ${visit.told}), ` +
          `${visit.processorMs.toFixed(0)} ms of the browser's processor time, ${visit.elements} elements`,
      );
    }
    const curlMs = median(rounds.map((round) => round.curlMs));
    const pageMs = median(rounds.map((round) => round.allMs));
    const ratio = pageMs / curlMs;
    console.log(
      `medians: curl ${curlMs.toFixed(0)} ms, the page ${pageMs.toFixed(0)} ms: ${ratio.toFixed(2)} of curl's, of ${RATIO_MAX}`,
    );
    return { rounds, curlMs, pageMs, ratio };
  } finally {
    await browser.close();
    await mesh.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
