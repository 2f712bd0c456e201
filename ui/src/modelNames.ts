import type { ModelAbout, ModelVariant } from "@similarfaces/contracts/api";

/** A model as results name it: `<id>@<version>`, with `+<precision>` where it has more than one variant. */
interface Named {
  id: string;
  version: string;
}

/** What says of a model which of its variants is meant. */
type WithVariants = Pick<ModelAbout, "id" | "version" | "precision" | "variants">;

/** Of a result that several models have made, each. */
const each = (names: string): string[] => names.split(", ");

/** Whether a result's names have this model among them, in any of its variants. */
export function isNamed({ id, version }: Named, names: string): boolean {
  const name = `${id}@${version}`;
  return each(names).some((known) => known === name || known.startsWith(`${name}+`));
}

/** The variant that a result names, and else the one that runs; of one that runs nowhere the first. */
export function variantOf(model: WithVariants, names = ""): ModelVariant | undefined {
  const { id, version, precision, variants } = model;
  return (
    variants.find((variant) => each(names).includes(`${id}@${version}+${variant.precision}`)) ??
    variants.find((variant) => variant.precision === precision) ??
    variants[0]
  );
}
