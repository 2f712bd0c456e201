// What is in an image's tree, as a CycloneDX bill of materials: packages, models and, where BASE names the root of what the image is built
// on, its Node and its Debian packages.
//
//   node helm/image/sbom.mjs TARGET TREE [BASE] > sbom.cdx.json
//
// Of the packages it names what lies in the tree and what is bundled into the page, with what the lock file knows of it. (`npm sbom --omit dev` of npm 11.19 leaves out a third
// of what is installed, `sharp` and the broker's client among them.) No times and no serial number: one tree has one bill.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const SPEC_VERSION = "1.6";
const [target, tree, base] = process.argv.slice(2);
const lock = JSON.parse(readFileSync(join(tree, "package-lock.json"), "utf8")).packages;
const { name, version, license } = lock[""];

const inTree = Object.keys(lock).filter(
  (path) =>
    path !== "" &&
    !lock[path].link &&
    existsSync(join(tree, path, "package.json")) &&
    // A workspace that is no part of this image has left its manifest alone.
    (path.includes("node_modules/") || existsSync(join(tree, path, "dist"))),
);
const inPage = existsSync(join(tree, "ui/dist/site")) ? withAllItNeeds("ui") : [];
const packages = [...new Set([...inTree, ...inPage])].map((path) => [path, lock[path]]);
const refs = new Map(packages.map(([path, entry]) => [path, purlOf(path, entry)]));
const image = `${name}/${target}@${version}`;
const ofBase = base ? [nodeOf(base), ...debianOf(base)] : [];
const components = byRef([...packages.map(packageOf), ...models(), ...ofBase]);
const bill = {
  $schema: `http://cyclonedx.org/schema/bom-${SPEC_VERSION}.schema.json`,
  bomFormat: "CycloneDX",
  specVersion: SPEC_VERSION,
  version: 1,
  metadata: {
    component: {
      type: "container",
      "bom-ref": image,
      name: `${name}/${target}`,
      version,
      licenses: [{ expression: license }],
    },
  },
  components,
  dependencies: byRef([
    {
      ref: image,
      dependsOn: components
        .map((component) => component["bom-ref"])
        .filter((ref) => !ref.startsWith("pkg:npm/") || isOwn(ref)),
    },
    ...packages.map(dependenciesOf),
  ]),
};
process.stdout.write(`${JSON.stringify(bill, undefined, 1)}\n`);

function packageOf([path, entry]) {
  const ref = refs.get(path);
  return {
    type: "library",
    "bom-ref": ref,
    name: nameOf(path, entry),
    version: entry.version,
    ...licensed(entry.license),
    ...(entry.integrity ? { hashes: [hashOf(entry.integrity)] } : {}),
    purl: ref,
  };
}

function dependenciesOf([path]) {
  const dependsOn = needsOf(path).flatMap((needed) => refs.get(needed) ?? []);
  return { ref: refs.get(path), dependsOn: [...new Set(dependsOn)].sort() };
}

function withAllItNeeds(path) {
  const all = new Set([path]);
  for (const one of all) for (const needed of needsOf(one)) all.add(needed);
  return [...all];
}

/** Each where Node would find it: in the nearest node_modules upwards. */
function needsOf(path) {
  const { dependencies = {}, optionalDependencies = {} } = lock[path];
  const folders = path.split("/").map((_, i, parts) => `${parts.slice(0, parts.length - i).join("/")}/`);
  return Object.keys({ ...dependencies, ...optionalDependencies }).flatMap((wanted) => {
    const found = [...folders, ""]
      .map((folder) => `${folder}node_modules/${wanted}`)
      .find((place) => lock[place]);
    if (!found) return [];
    return lock[found].link ? [lock[found].resolved] : [found];
  });
}

/** The graphs that the image runs; the gateway's has their papers alone. */
function models() {
  return readdirSync(join(tree, "models"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("manifest.json"))
    .flatMap((path) => {
      const folder = join(tree, "models", path, "..");
      const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
      const variants = manifest.variants.filter(({ file }) => existsSync(join(folder, file)));
      return variants.map(({ file, sha256 }) => ({
        type: "machine-learning-model",
        "bom-ref": `models/${path.replace(/\/manifest\.json$/, "")}/${file}`,
        name: manifest.id,
        version: manifest.version,
        description: manifest.source,
        ...licensed(manifest.licence),
        hashes: [{ alg: "SHA-256", content: sha256 }],
      }));
    });
}

function nodeOf(root) {
  const node = execFileSync("chroot", [root, "node", "--version"], { encoding: "utf8" }).trim().slice(1);
  return {
    type: "application",
    "bom-ref": `pkg:generic/node@${node}`,
    name: "node",
    version: node,
    purl: `pkg:generic/node@${node}`,
  };
}

function debianOf(root) {
  const status = readFileSync(join(root, "var/lib/dpkg/status"), "utf8");
  return status
    .split("\n\n")
    .filter((entry) => /^Status: install ok installed$/m.test(entry))
    .map((entry) => {
      const field = (key) => new RegExp(`^${key}: (.*)$`, "m").exec(entry)[1];
      const [deb, debVersion] = [field("Package"), field("Version")];
      const ref = `pkg:deb/debian/${deb}@${encodeURIComponent(debVersion)}?arch=${field("Architecture")}`;
      return { type: "library", "bom-ref": ref, name: deb, version: debVersion, purl: ref };
    });
}

/** An alias is named after what it stands for. */
function nameOf(path, entry) {
  return entry.name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

function purlOf(path, entry) {
  return `pkg:npm/${nameOf(path, entry).replace("@", "%40")}@${entry.version}`;
}

function isOwn(ref) {
  return ref.startsWith(`pkg:npm/%40${name}/`);
}

/** What is no SPDX expression is a name. */
function licensed(license) {
  if (!license) return {};
  const terms = license.split(/ (?:AND|OR|WITH) /).map((term) => term.replace(/^\(+|\)+$/g, ""));
  const isExpression = terms.every((term) => /^[A-Za-z0-9.+-]+$/.test(term));
  return { licenses: [isExpression ? { expression: license } : { license: { name: license } }] };
}

/** Subresource integrity is base 64, CycloneDX hexadecimal. */
function hashOf(integrity) {
  const [algorithm, digest] = integrity.split("-");
  return { alg: algorithm.replace("sha", "SHA-"), content: Buffer.from(digest, "base64").toString("hex") };
}

/** In one order, and a package that lies in two places once. */
function byRef(entries) {
  const unique = new Map(entries.map((entry) => [entry["bom-ref"] ?? entry.ref, entry]));
  return [...unique.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}
