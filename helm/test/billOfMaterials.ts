import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Ajv } from "ajv";
import { ROOT } from "./programs.js";

export interface Component {
  type: string;
  name: string;
  version: string;
}

/** @throws Error unless it is CycloneDX 1.6 by its own schema */
export function parseBill(text: string): { components: Component[] } {
  const schema = (name: string) =>
    JSON.parse(
      readFileSync(
        join(ROOT, `node_modules/@cyclonedx/cyclonedx-library/res/schema/${name}.SNAPSHOT.schema.json`),
        "utf8",
      ),
    ) as object;
  // Formats are addresses and times: none of ours comes from outside.
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const name of ["spdx", "jsf-0.82", "cryptography-defs"]) {
    ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  }
  const bill = JSON.parse(text) as { components: Component[] };
  const isValid = ajv.validate(schema("bom-1.6"), bill);
  if (!isValid) throw new Error(ajv.errorsText());
  return bill;
}

interface Locked {
  name?: string;
  version: string;
  link?: boolean;
  resolved?: string;
  dependencies?: Record<string, string>;
}

/** "name@version" of every package that these workspaces need by the lock file, of whatever depth; optional ones left out. */
export function neededBy(workspaces: readonly string[]): string[] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    packages: Record<string, Locked>;
  };
  const paths = new Set(workspaces);
  for (const path of paths) {
    for (const name of Object.keys(packages[path]!.dependencies ?? {})) {
      let folder = path;
      while (folder !== "" && !packages[`${folder}/node_modules/${name}`])
        folder = dirname(folder) === "." ? "" : dirname(folder);
      const place = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
      const found = packages[place]!;
      paths.add(found.link ? found.resolved! : place);
    }
  }
  return [...paths]
    .filter((path) => path.includes("node_modules/"))
    .map(
      (path) => `${packages[path]!.name ?? path.split("node_modules/").at(-1)}@${packages[path]!.version}`,
    );
}
