// Makes the schemas in this folder from what their projects publish as Go modules: `npx tsx helm/test/schemas/generate.ts`,
// where Go and its module proxy are at hand. The results are committed, so that tests need neither.
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import type { Manifest } from "../render.js";
import { COMPOSE, CUSTOM, KUBERNETES, moduleDir } from "./sources.js";

const HERE = fileURLToPath(new URL(".", import.meta.url));

/** The kinds that the chart has. */
const KINDS = {
  "configmap-v1": "io.k8s.api.core.v1.ConfigMap",
  "secret-v1": "io.k8s.api.core.v1.Secret",
  "service-v1": "io.k8s.api.core.v1.Service",
  "serviceaccount-v1": "io.k8s.api.core.v1.ServiceAccount",
  "pod-v1": "io.k8s.api.core.v1.Pod",
  "deployment-apps-v1": "io.k8s.api.apps.v1.Deployment",
  "statefulset-apps-v1": "io.k8s.api.apps.v1.StatefulSet",
  "job-batch-v1": "io.k8s.api.batch.v1.Job",
  "ingress-networking-v1": "io.k8s.api.networking.v1.Ingress",
  "networkpolicy-networking-v1": "io.k8s.api.networking.v1.NetworkPolicy",
  "poddisruptionbudget-policy-v1": "io.k8s.api.policy.v1.PodDisruptionBudget",
  "horizontalpodautoscaler-autoscaling-v2": "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
};
const OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const DEFINITIONS = "definitions.json";

for (const name of readdirSync(HERE)) if (name.endsWith(".json")) rmSync(join(HERE, name));
kubernetes();
for (const [module, version, path] of CUSTOM) custom(module, version, path);
const [module, version, path] = COMPOSE;
write("compose-spec.json", JSON.parse(readFileSync(join(moduleDir(module, version), path), "utf8")));

function kubernetes(): void {
  const [module, version] = KUBERNETES;
  const swagger = JSON.parse(
    readFileSync(join(moduleDir(module, version), "api/openapi-spec/swagger.json"), "utf8"),
  );
  const definitions: Manifest = {};
  const reach = (name: string) => {
    if (definitions[name]) return;
    definitions[name] = strict(swagger.definitions[name]);
    for (const [, next = ""] of JSON.stringify(swagger.definitions[name]).matchAll(
      /"#\/definitions\/([^"]+)"/g,
    ))
      reach(next);
  };
  [...Object.values(KINDS), OBJECT_META].forEach(reach);
  // The API server takes numbers for quantities, and either for an int-or-string.
  definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"] = { type: ["string", "number"] };
  definitions["io.k8s.apimachinery.pkg.util.intstr.IntOrString"] = { type: ["string", "integer"] };
  write(DEFINITIONS, { $comment: `${module} ${version}`, definitions });
  for (const [name, definition] of Object.entries(KINDS))
    write(`${name}.json`, { $ref: `${DEFINITIONS}#/definitions/${definition}` });
}

function custom(module: string, version: string, path: string): void {
  const { spec } = parse(readFileSync(join(moduleDir(module, version), path), "utf8")) as Manifest;
  const group = spec.group.split(".")[0];
  for (const { name, schema } of spec.versions.filter(({ served }: Manifest) => served)) {
    const strictSchema = strict(schema.openAPIV3Schema);
    strictSchema.properties.metadata = { $ref: `${DEFINITIONS}#/definitions/${OBJECT_META}` };
    write(`${spec.names.kind.toLowerCase()}-${group}-${name}.json`, {
      $comment: `${module} ${version}`,
      ...strictSchema,
    });
  }
}

/** Without prose, closed to unknown properties, and without what only an API server understands. */
function strict(schema: Manifest): Manifest {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== "object" || schema === null) return schema;
  if (schema["x-kubernetes-int-or-string"]) return { type: ["string", "integer"] };
  const closed: Manifest = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "description" && typeof value === "string") continue;
    if (key.startsWith("x-kubernetes-") || key === "default" || key === "format" || key === "nullable")
      continue;
    closed[key] =
      key === "properties"
        ? Object.fromEntries(
            Object.entries(value as object).map(([name, property]) => [name, strict(property)]),
          )
        : strict(value);
  }
  const open = schema["x-kubernetes-preserve-unknown-fields"] || schema.additionalProperties !== undefined;
  if (schema.properties && !open) closed.additionalProperties = false;
  return closed;
}

function write(name: string, schema: object): void {
  writeFileSync(join(HERE, name), `${JSON.stringify(schema)}\n`);
}
