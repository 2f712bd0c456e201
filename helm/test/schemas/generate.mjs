// Makes the schemas in this folder from what their projects publish as Go modules: `node helm/test/schemas/generate.mjs`,
// where Go and its module proxy are at hand. The results are committed, so that tests need neither.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const HERE = fileURLToPath(new URL(".", import.meta.url));

/** The oldest version that is checked against is the one that refuses most; the chart asks for Kubernetes 1.30. */
const KUBERNETES = ["k8s.io/kubernetes", "v1.36.3"];
const CUSTOM = [
  ["github.com/kedacore/keda/v2", "v2.21.0", "config/crd/bases/keda.sh_scaledobjects.yaml"],
  ["sigs.k8s.io/karpenter", "v1.8.2", "pkg/apis/crds/karpenter.sh_nodepools.yaml"],
  ...["servicemonitors", "prometheusrules"].map((name) => [
    "github.com/prometheus-operator/prometheus-operator",
    "v0.90.1",
    `example/prometheus-operator-crd/monitoring.coreos.com_${name}.yaml`,
  ]),
];
const COMPOSE = ["github.com/compose-spec/compose-go/v2", "v2.16.2", "schema/compose-spec.json"];

/** The kinds that the chart has. */
const KINDS = {
  "configmap-v1": "io.k8s.api.core.v1.ConfigMap",
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

function kubernetes() {
  const [module, version] = KUBERNETES;
  const swagger = JSON.parse(
    readFileSync(join(moduleDir(module, version), "api/openapi-spec/swagger.json"), "utf8"),
  );
  const definitions = {};
  const reach = (name) => {
    if (definitions[name]) return;
    definitions[name] = strict(swagger.definitions[name]);
    for (const [, next] of JSON.stringify(swagger.definitions[name]).matchAll(/"#\/definitions\/([^"]+)"/g))
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

function custom(module, version, path) {
  const { spec } = parse(readFileSync(join(moduleDir(module, version), path), "utf8"));
  const group = spec.group.split(".")[0];
  for (const { name, schema } of spec.versions.filter(({ served }) => served)) {
    const strictSchema = strict(schema.openAPIV3Schema);
    strictSchema.properties.metadata = { $ref: `${DEFINITIONS}#/definitions/${OBJECT_META}` };
    write(`${spec.names.kind.toLowerCase()}-${group}-${name}.json`, {
      $comment: `${module} ${version}`,
      ...strictSchema,
    });
  }
}

/** Without prose, closed to unknown properties, and without what only an API server understands. */
function strict(schema) {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== "object" || schema === null) return schema;
  if (schema["x-kubernetes-int-or-string"]) return { type: ["string", "integer"] };
  const closed = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "description" && typeof value === "string") continue;
    if (key.startsWith("x-kubernetes-") || key === "default" || key === "format" || key === "nullable")
      continue;
    closed[key] =
      key === "properties"
        ? Object.fromEntries(Object.entries(value).map(([name, property]) => [name, strict(property)]))
        : strict(value);
  }
  const open = schema["x-kubernetes-preserve-unknown-fields"] || schema.additionalProperties !== undefined;
  if (schema.properties && !open) closed.additionalProperties = false;
  return closed;
}

function moduleDir(module, version) {
  const scratch = mkdtempSync(join(tmpdir(), "similarfaces-schemas-"));
  try {
    execFileSync("go", ["mod", "init", "schemas"], { cwd: scratch, stdio: "ignore" });
    const output = execFileSync("go", ["mod", "download", "-json", `${module}@${version}`], { cwd: scratch });
    return JSON.parse(output.toString()).Dir;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function write(name, schema) {
  writeFileSync(join(HERE, name), `${JSON.stringify(schema)}\n`);
}
