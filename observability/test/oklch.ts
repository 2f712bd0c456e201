import { fileURLToPath } from "node:url";
import { findAnalyzers } from "@similarfaces/inference";

/** Of services of their own, and of a mesh in one process. */
const ANALYZER_PACKS = [[], ["compact-attributes"]];
const analyzers = await Promise.all(
  ANALYZER_PACKS.map((analyzerPacks) =>
    findAnalyzers({
      modelsDir: fileURLToPath(new URL("../../models", import.meta.url)),
      pack: "compact",
      analyzerPacks,
    }),
  ),
);

/** The page's hues, in degrees of OKLCH: of the stages that are always there, and what the packs' manifests say. */
export const STAGE_HUES: ReadonlyMap<string, number> = new Map([
  ["extract", 250],
  ["embed", 290],
  ["match", 320],
  ...analyzers
    .flat()
    .flatMap(({ name, manifest }): [string, number][] =>
      manifest.hue === undefined ? [] : [[name, manifest.hue]],
    ),
]);

/**
 * An OKLCH colour (lightness 0..1, chroma, hue in degrees) as #rrggbb, clipped to sRGB.
 * Matrices: Björn Ottosson, "A perceptual color space for image processing" (2020).
 */
export function oklchHex(lightness: number, chroma: number, hue: number): string {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return `#${linear.map((value) => hexOf(value)).join("")}`;
}

function hexOf(linear: number): string {
  const clipped = Math.min(1, Math.max(0, linear));
  const encoded = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055;
  return Math.round(encoded * 255)
    .toString(16)
    .padStart(2, "0");
}
