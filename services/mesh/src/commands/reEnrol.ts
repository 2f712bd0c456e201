import { stat, writeFile } from "node:fs/promises";
import type { Gateway } from "@similarfaces/client";
import { photoOfSource, type PhotoOf } from "../gallery/photoOfSource.js";
import { facesOf, modelsOutside, remakeFaces, type OldFace, type Remade } from "../gallery/remakeFaces.js";
import { untilSettled } from "../gallery/untilSettled.js";
import { SetupError } from "../setupError.js";
import { printable } from "../terminal/printable.js";
import { ProgressBar } from "../terminal/progressBar.js";

export interface ReEnrolValues {
  photos?: string | undefined;
  "dry-run": boolean;
  "in-flight": string;
  report?: string | undefined;
}

/** `npm run gallery -- re-enrol`. @returns the exit code: 1 if a face could not be made anew */
export async function reEnrol(gateway: Gateway, values: ReEnrolValues): Promise<number> {
  const photoOf = await photosAt(values.photos);
  const outside = await modelsOutside(gateway);
  const faces = await facesOf(gateway, outside);
  if (faces.length === 0) {
    console.log("Every face of the gallery is searched: there is nothing to make anew.");
    return 0;
  }
  if (values["dry-run"]) return sayFromWhat(gateway, faces, photoOf);
  const startedAtMs = performance.now();
  // What an earlier run had on its way when it was ended is to be in the gallery before it is looked for.
  await untilSettled(gateway);
  const bar = new ProgressBar("faces", faces.length);
  const outcomes: { old: OldFace; outcome: Remade }[] = [];
  await remakeFaces({
    gateway,
    faces,
    outside,
    photoOf,
    inFlight: Number(values["in-flight"]),
    onFace(old, outcome) {
      outcomes.push({ old, outcome });
      if (outcome.kind === "refused") bar.above("", `${lineOf(old)}: ${outcome.message} (${outcome.code})`);
      bar.advance();
    },
  }).finally(() => bar.end());
  if (values.report !== undefined) {
    const report = outcomes.map(({ old: { identity, face }, outcome }) => ({
      face: face.id,
      identity: identity.id,
      name: identity.name,
      source: face.source,
      ...outcome,
    }));
    await writeFile(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
  }
  console.log(
    sumOf(
      outcomes.map(({ outcome }) => outcome),
      (performance.now() - startedAtMs) / 1_000,
    ),
  );
  return outcomes.some(({ outcome }) => outcome.kind === "refused") ? 1 : 0;
}

async function photosAt(folder: string | undefined): Promise<PhotoOf> {
  if (folder === undefined) return () => undefined;
  const about = await stat(folder).catch(() => undefined);
  if (!about?.isDirectory()) throw new SetupError(`${folder}: there is no such folder`);
  return photoOfSource(folder);
}

async function sayFromWhat(
  { gallery }: Gateway,
  faces: readonly OldFace[],
  photoOf: PhotoOf,
): Promise<number> {
  let without = 0;
  for (const old of faces) {
    const photo = photoOf(old.face.source);
    const portrait = photo === undefined && (await gallery.portrait(old.face.id)) !== undefined;
    if (photo === undefined && !portrait) without++;
    const what =
      photo === undefined ? (portrait ? "its portrait" : "nothing: it has no portrait") : printable(photo);
    console.log(`${lineOf(old)}: from ${what}`);
  }
  console.log(
    `${faces.length} faces are not searched; ${faces.length - without} have a picture to be made anew from`,
  );
  return without > 0 ? 1 : 0;
}

/** For instance: 74 faces made anew in 9.1 s, 60 from photos and 14 from portraits; 1 had been already; 1 not: 1 no_face */
function sumOf(outcomes: readonly Remade[], seconds: number): string {
  const from = { photo: 0, portrait: 0 };
  let known = 0;
  const reasons = new Map<string, number>();
  for (const outcome of outcomes) {
    if (outcome.kind === "remade") from[outcome.from]++;
    else if (outcome.kind === "known") known++;
    else reasons.set(outcome.code, (reasons.get(outcome.code) ?? 0) + 1);
  }
  const not = [...reasons].map(([code, count]) => `${count} ${code}`);
  const refused = [...reasons.values()].reduce((sum, count) => sum + count, 0);
  return (
    `${from.photo + from.portrait} faces made anew in ${seconds.toFixed(1)} s, ` +
    `${from.photo} from photos and ${from.portrait} from portraits; ` +
    (known > 0 ? `${known} had been already; ` : "") +
    (refused > 0 ? `${refused} not: ${not.join(", ")}` : "none was refused")
  );
}

function lineOf({ identity, face }: OldFace): string {
  return printable(`${identity.name}, ${face.source || face.id}`);
}
