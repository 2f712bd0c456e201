/** A photo of the mix and how often it is drawn. */
export interface MixPhoto {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
  weight: number;
}

/**
 * Draws photos in proportion to their weights.
 * @throws RangeError where no weight is positive
 */
export function drawFrom(mix: readonly MixPhoto[], random: () => number): () => MixPhoto {
  const total = weightOf(mix);
  return () => {
    let left = random() * total;
    for (const photo of mix) {
      left -= photo.weight;
      if (left < 0) return photo;
    }
    return mix[mix.length - 1]!;
  };
}

/**
 * Gives photos in proportion to their weights without any chance: every run of them holds the mix, as nearly as whole photos can. So
 * two sides that get through different numbers of them do the same work each. (Smooth weighted round robin, as in nginx.)
 * @throws RangeError where no weight is positive
 */
export function dealFrom(mix: readonly MixPhoto[]): () => MixPhoto {
  const total = weightOf(mix);
  const owed = mix.map(() => 0);
  return () => {
    let next = 0;
    for (const [index, { weight }] of mix.entries()) {
      owed[index]! += weight;
      if (owed[index]! > owed[next]!) next = index;
    }
    owed[next]! -= total;
    return mix[next]!;
  };
}

/** "portrait-1.jpg:8,group-4.jpg:2": names and weights; a name alone weighs 1. */
export function parseMix(text: string): { name: string; weight: number }[] {
  return text.split(",").map((part) => {
    const [name = "", weight = "1"] = part.split(":");
    const number = Number(weight);
    if (name.trim() === "" || !(number > 0)) throw new RangeError(`not a part of a mix: "${part}"`);
    return { name: name.trim(), weight: number };
  });
}

function weightOf(mix: readonly MixPhoto[]): number {
  const total = mix.reduce((sum, photo) => sum + photo.weight, 0);
  if (!(total > 0)) throw new RangeError("a mix needs at least one photo with a positive weight");
  return total;
}
