import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { measurementMarkdown, type PrecisionChoice } from "@similarfaces/inference";
import { evaluate, type Evaluated } from "./evaluate.js";

const RESULTS = fileURLToPath(new URL("../../../.data/eval", import.meta.url));

export interface EvaluateModels {
  modelsDir: string;
  pack: string;
  data: string;
  detector?: string | undefined;
  /** As in MODEL_PRECISION. */
  precision?: PrecisionChoice | undefined;
  /** What the results call the data; the folder's name without it. */
  name?: string | undefined;
  /** Where the results go, without ending. */
  out?: string | undefined;
  /** How many pictures there are, before the first of them. */
  onStart(pictures: number): void;
  onPicture(): void;
  /** A picture that could not be read, with the reason. */
  onUnreadable(file: string, reason: string): void;
}

/**
 * `npm run models -- eval`: measures a pack on a folder of pictures and writes what it found as JSON and as Markdown.
 * @returns the Markdown, and where both are (without ending)
 * @throws PackError
 */
export async function evaluateModels(request: EvaluateModels): Promise<{ markdown: string; out: string }> {
  const { modelsDir, pack, data, detector, precision, onStart, onPicture, onUnreadable } = request;
  const folder = basename(resolve(data));
  const out = request.out ?? `${RESULTS}/${basename(resolve(pack))}-${folder}`;
  let unreadable = 0;
  const results = await evaluate({
    modelsDir,
    pack,
    detector,
    precision,
    data: resolve(data),
    dataName: request.name ?? folder,
    date: new Date().toISOString().slice(0, 10),
    workers: availableParallelism(),
    onStart,
    onPicture,
    onUnreadable(file, reason) {
      unreadable++;
      onUnreadable(file, reason);
    },
  });
  const markdown = results.map(markdownOf).join("\n\n");
  await mkdir(dirname(resolve(out)), { recursive: true });
  await writeFile(`${out}.json`, `${JSON.stringify({ pack, unreadable, results }, null, 2)}\n`);
  await writeFile(`${out}.md`, `${markdown}\n`);
  return { markdown, out };
}

function markdownOf({ name, answer, model, finder, labels, measurement }: Evaluated): string {
  const what = answer === name ? name : `${name}, ${answer}`;
  return `## ${what}: ${model}, faces found by ${finder}\n\n${measurementMarkdown(measurement, labels)}`;
}
