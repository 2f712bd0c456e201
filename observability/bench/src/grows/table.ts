import { growthOf, isFasterThanLinear, type Growth } from "./fit.js";
import { AXES, type GrowsReport, type GrowsRow } from "./grows.js";

/** Markdown: a row a point, then how each grows. */
export function growsTable({ rows, galleryMaxMib }: GrowsReport): string {
  const fits = AXES.flatMap((axis) => fitsOf(axis, rows));
  const faster = fits.filter(({ growth }) => isFasterThanLinear(growth)).map(({ name }) => name);
  return [
    "| | at | ms of processor time | bare loop | cost |",
    "|---|---:|---:|---:|---:|",
    ...rows.map(lineOf),
    "",
    ...fits.map(
      ({ name, growth: { exponent, lastStep } }) =>
        `${name}: exponent ${exponent.toFixed(2)}, of the last step ${lastStep.toFixed(2)}`,
    ),
    `faster than linearly grows ${faster.length > 0 ? faster.join(", ") : "nothing"}`,
    ...(galleryMaxMib
      ? [`the gallery's searches alone, of made vectors, with GALLERY_MAX_MIB=${galleryMaxMib}`]
      : []),
  ].join("\n");
}

interface Fit {
  name: string;
  growth: Growth;
}

/** Of all processor time, and of the cost, which is what the models' share would hide. */
function fitsOf(axis: string, rows: readonly GrowsRow[]): Fit[] {
  const own = rows.filter((row) => row.axis === axis);
  const all = growthOf(own);
  const cost = growthOf(own.map(({ at, cost: ms = Number.NaN }) => ({ at, ms })));
  return [
    ...(all ? [{ name: `${axis}, all`, growth: all }] : []),
    ...(cost ? [{ name: `${axis}, cost`, growth: cost }] : []),
  ];
}

function lineOf({ axis, at, ms, bare, cost }: GrowsRow): string {
  const digits = axis === "gallery" ? 3 : 1;
  const cells = [ms, bare, cost].map((value) => value?.toFixed(digits) ?? "");
  const place = Number.isInteger(at) ? at.toLocaleString("en") : at.toFixed(1);
  return `| ${[axis, place, ...cells].join(" | ")} |`;
}
