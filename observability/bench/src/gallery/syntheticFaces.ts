import { EMBEDDING_SIZE } from "@similarfaces/contracts";
import { seededRandom } from "@similarfaces/load";

/** Faces of one person. */
export const FACES_PER_PERSON = 10;
/**
 * Directions in which people differ: cosines of strangers then spread by 0.13, as those of the compact pack do (LFW, all
 * pairs: 1 % of strangers are above 0.31, which is 2.3 standard deviations).
 */
const DIRECTIONS = 60;
/** Of one person's faces around each other, in the spread of people: their cosines are 0.6 on average. */
const WITHIN_PERSON = 0.75;
/** In all 512 directions. */
const NOISE = 0.25;

/** People as clusters of embeddings, the same for the same seed. */
export function createSyntheticFaces(people: number, seed = 1) {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const normals = (count: number, scale = 1) => Float32Array.from({ length: count }, () => scale * normal());
  const directions = Array.from({ length: DIRECTIONS }, () =>
    normals(EMBEDDING_SIZE, 1 / Math.sqrt(DIRECTIONS)),
  );
  const centres = Array.from({ length: people }, () => normals(DIRECTIONS));
  return {
    /** Another face of this person each time: 512 float32 of length 1. */
    face(person: number): Float32Array {
      const face = normals(EMBEDDING_SIZE, NOISE);
      for (const [i, direction] of directions.entries()) {
        const along = centres[person]![i]! + WITHIN_PERSON * normal();
        for (let j = 0; j < EMBEDDING_SIZE; j++) face[j]! += along * direction[j]!;
      }
      const length = Math.hypot(...face);
      return face.map((value) => value / length);
    },
  };
}
