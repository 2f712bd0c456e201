import type { ModelAbout } from "@similarfaces/contracts/api";
import { counted, formatBytes } from "../formats";
import type { TableFigure } from "./figures";
import { isInYears } from "./headline";

/** What the variants of a model are compared by, side by side, and what the smaller one may lose; undefined where there is one only. */
export function variantsOf({
  variants,
  figure,
  precision,
}: Pick<ModelAbout, "variants" | "figure" | "precision">): { table: TableFigure; words: string } | undefined {
  if (variants.length < 2) return undefined;
  const rows = variants.map((variant) => ({
    name: variant.precision === precision ? `${variant.precision}, runs` : variant.precision,
    cells: [
      ...(figure ? [variant.figure === undefined ? "" : valueOf(figure.name, variant.figure)] : []),
      variant.bytes === undefined ? "" : formatBytes(variant.bytes),
    ],
  }));
  return {
    table: { title: "Variants", columns: [...(figure ? [figure.name] : []), "file"], rows },
    words: figure
      ? `int8 is faster. It is used automatically where the processor is made for it and the figure is no more than ${lossOf(figure)} worse.`
      : "int8 is faster, but only used when asked for.",
  };
}

/** To as many places as tell the variants apart. */
function valueOf(name: string, value: number): string {
  return isInYears(name) ? `${value.toFixed(2)} years` : `${(value * 100).toFixed(1)}%`;
}

function lossOf({ name, lossMax }: NonNullable<ModelAbout["figure"]>): string {
  return isInYears(name)
    ? `${lossMax} years`
    : counted(Number((lossMax * 100).toFixed(2)), "percentage point");
}
