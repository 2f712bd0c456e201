/**
 * In how many pictures without people the pipeline finds a face all the same.
 *
 *   npx tsx models/evaluate/test/withoutPeople.bench.ts [FOLDER] [int8 | float32]
 *
 * Drawings by a recipe, the repository's own, and pictures of npm packages, which are fetched for this and are no dependency. FOLDER keeps what
 * was fetched and made; `npm run models -- eval PACK --data FOLDER/pictures` measures other packs on the same.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { FORM_KINDS, formsDrawing, patternDrawing, textureDrawing } from "./drawnThings.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const OF_EACH = 100;
const AT_ONCE = 4;
/** Pictures of packages are this large, on white: an icon fills a photo as nothing else does. */
const ICON_SIDE = 256;

interface PicturePackage {
  readonly name: string;
  readonly kind: string;
  /** Files of it, as paths in it. */
  readonly pictures: (folder: string) => Promise<string[]>;
  /** One in so many. */
  readonly every: number;
}

const inFolder = (path: string, ending: string) => async (folder: string) =>
  (await readdir(join(folder, path))).filter((name) => name.endsWith(ending)).map((name) => join(path, name));

/** Emoji of things and animals; by name, those are left out that show a person or a face drawn as a person's. */
const CATEGORIES = [
  "Animals & Nature",
  "Food & Drink",
  "Travel & Places",
  "Activities",
  "Objects",
  "Symbols",
];
const PEOPLE =
  /face|doll|lantern|statue|moai|performing|snowman|restroom|mens|bust|picture|identification|baby|pottable|walking|rice_scene/;

const PACKAGES: readonly PicturePackage[] = [
  { name: "flag-icons@7.5.0", kind: "flags", pictures: inFolder("flags/4x3", ".svg"), every: 2 },
  { name: "lucide-static@1.62.0", kind: "icons", pictures: inFolder("icons", ".svg"), every: 8 },
  {
    name: "emoji-datasource-google@16.0.0",
    kind: "emoji of things and animals",
    every: 2,
    async pictures(folder) {
      const all = JSON.parse(await readFile(join(folder, "emoji.json"), "utf8")) as {
        category: string;
        short_name: string;
        image: string;
        has_img_google: boolean;
      }[];
      const things = all.filter(
        (one) => one.has_img_google && CATEGORIES.includes(one.category) && !PEOPLE.test(one.short_name),
      );
      return things.map(({ image }) => join("img/google/64", image));
    },
  },
];

const folder = process.argv[2] ?? (await mkdtemp(join(tmpdir(), "without-people-")));
const precision = process.argv[3] === "float32" ? "float32" : "int8";
const pictures = join(folder, "pictures");
await mkdir(pictures, { recursive: true });
// Nobody is in any of them.
await writeFile(join(pictures, "boxes.csv"), "file,x,y,width,height\n");
await draw();
for (const each of PACKAGES) await render(each);
// The pipeline's decoder lets nobody in this process open SVG from here on.
const { openPipeline } = await import("../src/pipeline.js");
const pipeline = await openPipeline({
  modelsDir: join(ROOT, "models"),
  packs: { detect: "compact", refine: "compact" },
  precision: { usual: precision, of: {} },
  workers: 2,
});
console.log(`${pipeline.finderName}\n\n| pictures of | n | with a face | share |\n|---|---|---|---|`);
const remaining: string[] = [];
let [all, wrong] = [0, 0];
for (const kind of (await readdir(pictures, { withFileTypes: true })).filter((entry) =>
  entry.isDirectory(),
)) {
  const files = await readdir(join(pictures, kind.name));
  let withFace = 0;
  const waiting = [...files];
  const lane = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const { faces } = await pipeline.faces(join(pictures, kind.name, file));
      if (faces.length === 0) continue;
      withFace++;
      remaining.push(`${kind.name}/${file}: ${faces.map(({ score }) => score.toFixed(2)).join(", ")}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  all += files.length;
  wrong += withFace;
  console.log(`| ${kind.name} | ${files.length} | ${withFace} | ${percent(withFace / files.length)} |`);
}
await pipeline.close();
console.log(`| all | ${all} | ${wrong} | ${percent(wrong / all)} |\n\n${remaining.toSorted().join("\n")}`);

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

async function draw(): Promise<void> {
  const kinds: Record<string, (random: () => number) => string> = {
    ...Object.fromEntries(FORM_KINDS.map((kind) => [kind, (random) => formsDrawing(kind, random)])),
    patterns: patternDrawing,
    textures: textureDrawing,
  };
  for (const [at, [kind, drawing]] of Object.entries(kinds).entries()) {
    const random = mulberry32(1_000 + at);
    await mkdir(join(pictures, kind), { recursive: true });
    for (let number = 0; number < OF_EACH; number++) {
      const picture = sharp(Buffer.from(drawing(random)));
      const blurred = random() < 0.3 ? picture.blur(0.5 + random()) : picture;
      const to = join(pictures, kind, `${kind}-${String(number).padStart(3, "0")}.jpg`);
      await blurred.jpeg({ quality: 60 + Math.floor(random() * 35) }).toFile(to);
    }
  }
  await mkdir(join(pictures, "own drawings"), { recursive: true });
  for (const own of ["ui/public/icon.svg", "helm/simulation/step.svg"]) {
    const to = join(pictures, "own drawings", `${basename(own, ".svg")}.png`);
    await sharp(join(ROOT, own), { density: 150 }).flatten({ background: "#fff" }).png().toFile(to);
  }
}

async function render({ name, kind, pictures: picturesOf, every }: PicturePackage): Promise<void> {
  const home = join(folder, name.replace("@", "-"));
  if (!existsSync(home)) {
    await mkdir(home, { recursive: true });
    const archive = execFileSync("npm", ["pack", "--silent", name], { cwd: home, encoding: "utf8" }).trim();
    execFileSync("tar", ["xzf", archive], { cwd: home });
  }
  const to = join(pictures, `${kind} (${name})`);
  await mkdir(to, { recursive: true });
  const files = (await picturesOf(join(home, "package"))).toSorted().filter((_, i) => i % every === 0);
  for (const file of files) {
    const target = join(to, `${basename(file).replace(/\.\w+$/, "")}.png`);
    await sharp(join(home, "package", file), { density: 300 })
      .resize(ICON_SIDE, ICON_SIDE, { fit: "contain", background: "#fff" })
      .flatten({ background: "#fff" })
      .png()
      .toFile(target);
  }
}

/** Returns 0 to 1, the same for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
