import { stat, writeFile } from "node:fs/promises";
import type { Gallery } from "@similarfaces/client";
import { StageFailure, checkedConsent } from "@similarfaces/contracts";
import { importPhotos, type Outcome } from "../gallery/importPhotos.js";
import { peopleOfCsv, peopleOfFolder, type People, type Photo } from "../gallery/people.js";
import { importFrom } from "../gallery/transfer.js";
import { SetupError } from "../setupError.js";
import { printable } from "../terminal/printable.js";
import { ProgressBar } from "../terminal/progressBar.js";

export interface ImportValues {
  consent?: string | undefined;
  "in-flight": string;
  report?: string | undefined;
}

/** Why the arguments make no sense, in words; undefined where they do. */
export function importProblem(path: string, values: ImportValues): string | undefined {
  if (isExport(path)) return undefined;
  if (!values.consent?.trim()) return 'Say who agreed to being in the gallery: --consent "..."';
  try {
    checkedConsent(values.consent);
    return undefined;
  } catch (error) {
    if (error instanceof StageFailure) return error.message;
    throw error;
  }
}

function isExport(path: string): boolean {
  return /\.(ndjson|jsonl)$/i.test(path);
}

/** `npm run gallery -- import PATH`. @returns the exit code: 1 if a photo was refused */
export async function importPath(
  gallery: Gallery,
  [path = ""]: string[],
  values: ImportValues,
): Promise<number> {
  const about = await stat(path).catch(() => {
    throw new SetupError(`${path}: there is no such file or folder`);
  });
  if (isExport(path)) return importExport(gallery, path);
  const isCsv = about.isFile() && /\.csv$/i.test(path);
  if (!about.isDirectory() && !isCsv)
    throw new SetupError(`${path} is neither a folder, nor a csv, nor an .ndjson`);
  return importPeople(gallery, isCsv ? await peopleOfCsv(path) : await peopleOfFolder(path), values);
}

async function importPeople(
  gallery: Gallery,
  { people, otherFiles }: People,
  values: ImportValues,
): Promise<number> {
  const photos = people.flatMap((person) => person.photos);
  const startedAtMs = performance.now();
  const bar = new ProgressBar("faces", photos.length);
  const outcomes: { photo: Photo; outcome: Outcome }[] = [];
  await importPhotos({
    gallery,
    people,
    consent: values.consent ?? "",
    inFlight: Number(values["in-flight"]),
    onPhoto(photo, outcome) {
      outcomes.push({ photo, outcome });
      if (outcome.kind === "refused")
        bar.above("", `${printable(photo.source)}: ${outcome.message} (${outcome.code})`);
      bar.advance();
    },
  });
  bar.end();
  if (values.report !== undefined) {
    const report = outcomes.map(({ photo: { source }, outcome }) => ({ source, ...outcome }));
    await writeFile(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
  }
  const count = (kind: Outcome["kind"]) => outcomes.filter(({ outcome }) => outcome.kind === kind).length;
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const enrolled = count("enrolled");
  const rate = enrolled > 0 ? `, ${(enrolled / seconds).toFixed(1)} a second` : "";
  console.log(
    `${enrolled} faces of ${people.length} people enrolled in ${seconds.toFixed(1)} s${rate}; ` +
      `${count("known")} were in already, ${count("refused")} refused` +
      (otherFiles > 0 ? `; ${otherFiles} other files passed over` : ""),
  );
  return count("refused") > 0 ? 1 : 0;
}

async function importExport(gallery: Gallery, path: string): Promise<number> {
  let lines = 0;
  const { identities, faces } = await importFrom(path, gallery, (sent) => (lines += sent));
  console.log(`${lines} faces read; ${faces} faces and ${identities} people are new`);
  return 0;
}
