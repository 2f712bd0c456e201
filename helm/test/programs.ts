import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What images start, by its path in the repository and in the image. */
export const PROGRAMS = [
  "gateway/dist/main.js",
  ...["provision", "extract", "embed", "analyze", "gallery"].map((name) => `services/${name}/dist/main.js`),
];

/** `npm test` builds before it tests; by hand, `npm run build`. */
export const BUILT = [...PROGRAMS, "ui/dist/site/index.html"].every((path) => existsSync(join(ROOT, path)));

/** Every name in capitals in the files where programs declare their settings. */
export function variablesRead(): Set<string> {
  const folders = [
    "gateway/dist",
    ...["runtime", "inference", "provision", "extract", "embed", "analyze", "gallery"].map(
      (name) => `services/${name}/dist`,
    ),
  ];
  const text = folders
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((file) =>
        join(ROOT, folder, file),
      ),
    )
    .filter((file) => /(config|[sS]ettings|nodeTypes|precision)\.js$/.test(file))
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  // Read by the AWS SDK, by Node and by the exporter of traces themselves.
  const byOthers = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "NODE_EXTRA_CA_CERTS",
    "OTEL_EXPORTER_OTLP_HEADERS",
  ];
  return new Set([...byOthers, ...[...text.matchAll(/"([A-Z][A-Z0-9_]{2,})"/g)].map(([, key]) => key!)]);
}
