import type { FalseMatches, Manifest } from "@similarfaces/inference";
import { cosineSimilarity } from "./cosine.js";
import { fitCalibration } from "./calibration.js";
import { NAMED_RATES, falseMatchCurve } from "./falseMatches.js";
import { seeded } from "./random.js";
import { share } from "./shares.js";

/** `forManifest`: the fields of an embedder's manifest. */
export interface Identification {
  readonly figures: Record<string, unknown>;
  readonly forManifest?: {
    readonly falseMatches: Pick<FalseMatches, "pairs" | "curve">;
    readonly calibration: NonNullable<Manifest["calibration"]>;
  };
}

export interface KnownFace {
  readonly person: string;
  readonly embedding: Float32Array;
}

/** Of a person with very many pictures only so many are paired, so that no person outweighs the others. */
const PICTURES_PAIRED_MAX = 12;
/** All pairs of LFW's 13,233 pictures, and some more; of larger sets this many pairs are drawn, the same ones every time. */
const PAIRS_MAX = 100_000_000;

/**
 * Pictures of known people, each paired with each: true match rates at false match rates and the thresholds they mean; how often the
 * nearest of everybody's first pictures to a second picture is the same person; and what of it a manifest has: how often strangers are how alike, and the calibration.
 */
export function measureIdentification(faces: readonly KnownFace[]): Identification {
  const people = byPerson(faces);
  const genuine = people.flatMap((pictures) => {
    const some = pictures.slice(0, PICTURES_PAIRED_MAX);
    return some.flatMap((a, i) => some.slice(i + 1).map((b) => cosineSimilarity(a.embedding, b.embedding)));
  });
  const impostor = impostorCosines(faces).sort();
  const curve = falseMatchCurve(impostor);
  const named = curve.filter(([, rate]) => NAMED_RATES.includes(rate));
  const several = people.filter((pictures) => pictures.length > 1);
  const gallery = several.map((pictures) => pictures[0]!);
  const found = several.filter(([, probe]) => {
    const cosines = gallery.map(({ embedding }) => cosineSimilarity(embedding, probe!.embedding));
    return gallery[cosines.indexOf(Math.max(...cosines))]!.person === probe!.person;
  });
  const figures = {
    people: people.length,
    genuine: genuine.length,
    impostor: impostor.length,
    threshold_at_fmr: Object.fromEntries(named.map(([threshold, rate]) => [String(rate), threshold])),
    tmr_at_fmr: Object.fromEntries(
      named.map(([threshold, rate]) => [
        String(rate),
        share(genuine.filter((cosine) => cosine > threshold).length, genuine.length),
      ]),
    ),
    gallery: gallery.length,
    rank1: share(found.length, several.length),
  };
  if (genuine.length === 0 || impostor.length === 0) return { figures };
  return {
    figures,
    forManifest: {
      falseMatches: { pairs: impostor.length, curve },
      calibration: fitCalibration(genuine, impostor),
    },
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
  const cosines = new Float32Array(Math.min(all, PAIRS_MAX));
  let count = 0;
  const compare = (a: KnownFace, b: KnownFace) => {
    if (a.person !== b.person) cosines[count++] = cosineSimilarity(a.embedding, b.embedding);
  };
  if (all <= PAIRS_MAX) {
    for (const [i, a] of faces.entries()) for (let k = i + 1; k < faces.length; k++) compare(a, faces[k]!);
  } else {
    const random = seeded(0);
    const any = () => faces[Math.floor(random() * faces.length)]!;
    for (let i = 0; i < PAIRS_MAX; i++) compare(any(), any());
  }
  return cosines.subarray(0, count);
}
