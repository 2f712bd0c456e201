import { stat, writeFile } from "node:fs/promises";
import type { Gallery } from "@similarfaces/client";
import { StageFailure, checkedConsent } from "@similarfaces/contracts";
import type { Photo } from "../gallery/folder.js";
import { importPhotos, type Outcome } from "../gallery/importPhotos.js";
import { peopleOfCsv, peopleOfFolder, type People } from "../gallery/people.js";
import { writeSkeleton } from "../gallery/skeleton.js";
import { importFrom } from "../gallery/transfer.js";
import { SetupError } from "../setupError.js";
import { printable } from "../terminal/printable.js";
import { ProgressBar } from "../terminal/progressBar.js";

export interface ImportValues {
  consent?: string | undefined;
  "in-flight": string;
  largest: boolean;
  report?: string | undefined;
  skeleton?: string | undefined;
}

/** Why the arguments make no sense, in words; undefined where they do. */
export function importProblem(path: string, values: ImportValues): string | undefined {
  if (isExport(path) || values.skeleton !== undefined) return undefined;
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

/** `import FOLDER --skeleton FILE`: nothing is imported. @returns the exit code */
export async function skeletonOf(folder: string, file: string): Promise<number> {
  const about = await stat(folder).catch(() => undefined);
  if (!about?.isDirectory()) throw new SetupError(`${folder}: there is no such folder`);
  const { unnamed } = await peopleOfFolder(folder);
  if (unnamed.length === 0) {
    console.log("Every photo in it has a name, its folder's or its own: nothing was written.");
    return 0;
  }
  await writeSkeleton(file, unnamed);
  console.log(`${unnamed.length} photos are in ${file}: write the names there, and import that file`);
  return 0;
}

async function importPeople(
  gallery: Gallery,
  { people, unnamed, passedOver, systemFiles }: People,
  values: ImportValues,
): Promise<number> {
  const photos = people.flatMap((person) => person.photos);
  const startedAtMs = performance.now();
  const outcomes: { photo: Photo; outcome: Outcome }[] = [];
  for (const { source, reason } of passedOver)
    process.stderr.write(`${printable(source)}: passed over, ${reason}\n`);
  const reading = new ProgressBar("photos read", photos.length);
  let bar: ProgressBar | undefined;
  const took = (photo: Photo, outcome: Outcome) => {
    outcomes.push({ photo, outcome });
    if (outcome.kind !== "refused") return;
    (bar ?? reading).above("", `${printable(photo.source)}: ${outcome.message} (${outcome.code})`);
  };
  for (const photo of unnamed) took(photo, NO_NAME);
  await importPhotos({
    gallery,
    people,
    consent: values.consent ?? "",
    largest: values.largest,
    inFlight: Number(values["in-flight"]),
    onRead: () => reading.advance(),
    onPhoto(photo, outcome) {
      if (!bar) reading.end();
      bar ??= new ProgressBar("faces", photos.length);
      took(photo, outcome);
      bar.advance();
    },
  });
  (bar ?? reading).end();
  if (values.report !== undefined) {
    const report = [
      ...outcomes.map(({ photo: { source }, outcome }) => ({ source, ...outcome })),
      ...passedOver.map((file) => ({ ...file, kind: "passed_over" })),
    ];
    await writeFile(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
  }
  const count = (kind: Outcome["kind"]) => outcomes.filter(({ outcome }) => outcome.kind === kind).length;
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const enrolled = count("enrolled");
  const rate = enrolled > 0 ? `, ${(enrolled / seconds).toFixed(1)} a second` : "";
  console.log(
    `${enrolled} faces of ${people.length} people enrolled in ${seconds.toFixed(1)} s${rate}; ` +
      `${count("known")} were in already, ${count("refused")} refused` +
      (passedOver.length > 0 ? `; ${passedOver.length} other files passed over` : "") +
      (systemFiles > 0 ? `; ${systemFiles} of the system` : ""),
  );
  if (unnamed.length > 0)
    console.log(`${unnamed.length} photos have no name: --skeleton people.csv writes a list to put them in`);
  return count("refused") > 0 ? 1 : 0;
}

const NO_NAME: Outcome = {
  kind: "refused",
  code: "no_name",
  message: "A camera has named this photo: put it into a folder named after the person, or into a csv.",
  retryable: false,
};

async function importExport(gallery: Gallery, path: string): Promise<number> {
  let lines = 0;
  const { identities, faces } = await importFrom(path, gallery, (sent) => (lines += sent));
  console.log(`${lines} faces read; ${faces} faces and ${identities} people are new`);
  return 0;
}
