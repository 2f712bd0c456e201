import { readdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";

/** As many faces as are analysed of one photo, in rows of so many. */
const FACES = 64;
const COLUMNS = 8;
/** Pixels: the sample portraits' own. */
const SIDE = 192;

/** Writes a JPEG of sixty-four sample portraits side by side. */
export async function writeCrowdPhoto(file: string, { modelsDir }: { modelsDir: string }): Promise<void> {
  const folder = join(modelsDir, "samples", "gallery");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".jpg")).toSorted();
  const portraits = await Promise.all(
    names.slice(0, FACES).map(async (name, at) => ({
      input: await sharp(join(folder, name)).resize(SIDE, SIDE).toBuffer(),
      left: (at % COLUMNS) * SIDE,
      top: Math.floor(at / COLUMNS) * SIDE,
    })),
  );
  const size = { width: COLUMNS * SIDE, height: (FACES / COLUMNS) * SIDE };
  await sharp({ create: { ...size, channels: 3, background: "grey" } })
    .composite(portraits)
    .jpeg({ quality: 92 })
    .toFile(file);
}
