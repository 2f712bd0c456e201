import { readFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { PackError } from "@similarfaces/inference";
import { picturesUnder } from "../pictures.js";
import type { BoxesData, TrueBox } from "../dataset.js";
import { csvRows } from "./table.js";

/**
 * Pictures with every face in them: `boxes.csv` (file, x, y, width, height; one line per face, pixels of the upright photo), or
 * `truth.json` (name without ending -> [centre x, centre y, width] of each face). A picture that is not named there has no face in it.
 */
export async function readBoxes(dir: string): Promise<BoxesData | undefined> {
  const csv = await readFile(join(dir, "boxes.csv"), "utf8").catch(() => undefined);
  if (csv !== undefined)
    return withBoxes(dir, "boxes.csv", "overlap", boxesOfCsv(join(dir, "boxes.csv"), csv));
  const json = await readFile(join(dir, "truth.json"), "utf8").catch(() => undefined);
  if (json === undefined) return undefined;
  return withBoxes(dir, "truth.json", "centre", boxesOfJson(join(dir, "truth.json"), json));
}

async function withBoxes(
  dir: string,
  list: string,
  matching: BoxesData["matching"],
  boxes: Map<string, TrueBox[]>,
): Promise<BoxesData> {
  const pictures = await picturesUnder(dir);
  const named = new Set<string>();
  const photos = pictures.map((file) => {
    const path = relative(dir, file);
    const name = [path, basename(file), basename(file).replace(/\.\w+$/, "")].find((key) => boxes.has(key));
    if (name !== undefined) named.add(name);
    return { file, faces: name === undefined ? [] : boxes.get(name)! };
  });
  const missing = [...boxes.keys()].find((name) => !named.has(name));
  if (missing !== undefined) {
    throw new PackError(`${join(dir, list)}: names "${missing}", which is not there`);
  }
  return { kind: "boxes", photos, matching };
}

function boxesOfCsv(path: string, text: string): Map<string, TrueBox[]> {
  const boxes = new Map<string, TrueBox[]>();
  for (const [i, row] of csvRows(text).entries()) {
    const [x, y, width, height] = ["x", "y", "width", "height"].map((column) => {
      const value = Number(row[column] || NaN);
      if (!Number.isFinite(value)) {
        throw new PackError(`${path}: line ${i + 2}, field ${column}, "${row[column] ?? ""}" is no number`);
      }
      return value;
    });
    const file = row["file"] ?? "";
    boxes.set(file, [...(boxes.get(file) ?? []), { x: x!, y: y!, width: width!, height: height! }]);
  }
  return boxes;
}

function boxesOfJson(path: string, text: string): Map<string, TrueBox[]> {
  let truth: unknown;
  try {
    truth = JSON.parse(text);
  } catch (cause) {
    throw new PackError(`${path}: this is not JSON`, { cause });
  }
  return new Map(
    Object.entries(truth as Record<string, unknown>).map(([name, faces]) => {
      if (!Array.isArray(faces)) throw new PackError(`${path}: field ${name} is no list of faces`);
      return [
        name,
        faces.map((face: unknown) => {
          const [x, y, width] = Array.isArray(face) ? (face as unknown[]).map(Number) : [];
          if (![x, y, width].every(Number.isFinite)) {
            throw new PackError(`${path}: field ${name} has a face that is not [centre x, centre y, width]`);
          }
          return { x: x! - width! / 2, y: y! - width! / 2, width: width!, height: width! };
        }),
      ];
    }),
  );
}
