import { cosineSimilarity } from "./cosine.js";
import { fitCalibration } from "./calibration.js";
import { seeded } from "./random.js";
import { share } from "./shares.js";
import { round } from "@similarfaces/vision";

export interface KnownFace {
  readonly person: string;
  readonly embedding: Float32Array;
}

/** Of a person with very many pictures only so many are paired, so that no person outweighs the others. */
const PICTURES_PAIRED_MAX = 12;
/** Of larger sets this many pairs of strangers are drawn, the same ones every time. */
const IMPOSTORS_MAX = 8_000_000;
const FALSE_MATCH_RATES = [1e-2, 1e-3, 1e-4, 1e-5];
/** A threshold that fewer false matches than this decide is an accident. */
const FALSE_MATCHES_MIN = 10;

/**
 * Pictures of known people, each paired with each: true match rates at false match rates and the thresholds they mean, which a pack's
 * manifest has; how often the nearest of everybody's first pictures to a second picture is the same person; and the calibration.
 */
export function measureIdentification(faces: readonly KnownFace[]): Record<string, unknown> {
  const people = byPerson(faces);
  const genuine = people.flatMap((pictures) => {
    const some = pictures.slice(0, PICTURES_PAIRED_MAX);
    return some.flatMap((a, i) => some.slice(i + 1).map((b) => cosineSimilarity(a.embedding, b.embedding)));
  });
  const impostor = impostorCosines(faces).sort().toReversed();
  const rates = FALSE_MATCH_RATES.filter((rate) => rate * impostor.length >= FALSE_MATCHES_MIN);
  const thresholds = rates.map(
    (rate) => [String(rate), round(impostor[Math.floor(rate * impostor.length)]!, 4)] as const,
  );
  const several = people.filter((pictures) => pictures.length > 1);
  const gallery = several.map((pictures) => pictures[0]!);
  const found = several.filter(([, probe]) => {
    const cosines = gallery.map(({ embedding }) => cosineSimilarity(embedding, probe!.embedding));
    return gallery[cosines.indexOf(Math.max(...cosines))]!.person === probe!.person;
  });
  return {
    people: people.length,
    genuine: genuine.length,
    impostor: impostor.length,
    threshold_at_fmr: Object.fromEntries(thresholds),
    tmr_at_fmr: Object.fromEntries(
      thresholds.map(([rate, threshold]) => [
        rate,
        share(genuine.filter((cosine) => cosine > threshold).length, genuine.length),
      ]),
    ),
    gallery: gallery.length,
    rank1: share(found.length, several.length),
    ...(genuine.length > 0 && impostor.length > 0 ? { calibration: fitCalibration(genuine, impostor) } : {}),
  };
}

function byPerson(faces: readonly KnownFace[]): KnownFace[][] {
  const people = new Map<string, KnownFace[]>();
  for (const face of faces) {
    const pictures = people.get(face.person);
    if (pictures) pictures.push(face);
    else people.set(face.person, [face]);
  }
  return [...people.values()];
}

function impostorCosines(faces: readonly KnownFace[]): Float32Array {
  const all = (faces.length * (faces.length - 1)) / 2;
  const cosines: number[] = [];
  const compare = (a: KnownFace, b: KnownFace) => {
    if (a.person !== b.person) cosines.push(cosineSimilarity(a.embedding, b.embedding));
  };
  if (all <= IMPOSTORS_MAX) {
    faces.forEach((a, i) => faces.slice(i + 1).forEach((b) => compare(a, b)));
  } else {
    const random = seeded(0);
    const any = () => faces[Math.floor(random() * faces.length)]!;
    for (let i = 0; i < IMPOSTORS_MAX; i++) compare(any(), any());
  }
  return Float32Array.from(cosines);
}
