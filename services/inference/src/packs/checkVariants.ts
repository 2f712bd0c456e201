import type { Manifest, Variant } from "./manifest.js";
import { repeated } from "./repeated.js";

/** Whether a manifest's variants fit each other and what it says of them. @returns the first problem, as a sentence */
export function checkVariants({ variants, figure, oneSpace }: Manifest): string | undefined {
  const precision = repeated(variants.map((variant) => variant.precision));
  if (precision !== undefined) return `field variants has ${precision} twice`;
  const file = repeated(variants.map((variant) => variant.file));
  if (file !== undefined) return `field variants has the file "${file}" twice`;
  if (oneSpace !== undefined && variants.length === 1) {
    return "field oneSpace is said of one variant, which has nothing to be compared with";
  }
  if (variants.length > 1 && !figure) {
    return "field figure is missing, which several variants are compared by";
  }
  for (const [index, variant] of variants.entries()) {
    const field = `field variants.${index}`;
    if (figure && variants.length > 1 && variant.figure === undefined) {
      return `${field}.figure is missing, the field figure says what it is of`;
    }
    if (!figure && variant.figure !== undefined)
      return `${field}.figure is of nothing: the field figure is missing`;
    const problem = checkSource(variant);
    if (problem !== undefined) return `${field}.${problem}`;
  }
  return undefined;
}

/** An npm package is pinned as a whole, and the file in it by its digest; what https brings is the file itself. */
function checkSource({ url, integrity }: Variant): string | undefined {
  const isOfNpm = url?.startsWith("npm:") ?? false;
  if (isOfNpm && integrity === undefined)
    return "integrity is missing, which pins the npm package of its url";
  if (!isOfNpm && integrity !== undefined) return "integrity is of an npm package, and its url names none";
  return undefined;
}
