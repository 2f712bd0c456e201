import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { measurementMarkdown } from "@similarfaces/inference";
import { evaluate, type Evaluated } from "../evaluate/evaluate.js";
import { ProgressBar } from "../progressBar.js";

export interface EvaluateModels {
  modelsDir: string;
  pack: string;
  data: string;
  detector: string | undefined;
  /** What the results call the data; the folder's name without it. */
  name: string | undefined;
  /** Where the results go, without ending. */
  out: string | undefined;
}

/** `npm run models -- eval`. @throws PackError */
export async function evaluateModels(request: EvaluateModels): Promise<number> {
  const { modelsDir, pack, data, detector } = request;
  const folder = basename(resolve(data));
  const out =
    request.out ?? fileURLToPath(new URL(`../../../../.data/eval/${pack}-${folder}`, import.meta.url));
  let bar: ProgressBar | undefined;
  let unreadable = 0;
  const results = await evaluate({
    modelsDir,
    pack,
    detector,
    data: resolve(data),
    dataName: request.name ?? folder,
    date: new Date().toISOString().slice(0, 10),
    workers: availableParallelism(),
    onStart: (pictures) => (bar = new ProgressBar("pictures", pictures)),
    onPicture: () => bar?.advance(),
    onUnreadable(file, reason) {
      unreadable++;
      bar?.above("", `${file}: ${reason}`);
    },
  }).finally(() => bar?.end());
  const markdown = results.map(markdownOf).join("\n\n");
  await mkdir(dirname(resolve(out)), { recursive: true });
  await writeFile(`${out}.json`, `${JSON.stringify({ pack, unreadable, results }, null, 2)}\n`);
  await writeFile(`${out}.md`, `${markdown}\n`);
  process.stdout.write(`${markdown}\n\n${out}.json and .md hold this.\n`);
  return 0;
}

function markdownOf({ task, model, detector, labels, measurement }: Evaluated): string {
  const by = task === "detect" ? "" : `, faces found by ${detector}`;
  return `## ${task}: ${model}${by}\n\n${measurementMarkdown(measurement, labels)}`;
}
