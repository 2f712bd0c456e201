import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The oldest version that is checked against is the one that refuses most; the chart asks for Kubernetes 1.30. */
export const KUBERNETES = ["k8s.io/kubernetes", "v1.36.3"] as const;
/** Custom resources: module, version, the file of their definition. */
export const CUSTOM: readonly [string, string, string][] = [
  ["github.com/kedacore/keda/v2", "v2.21.0", "config/crd/bases/keda.sh_scaledobjects.yaml"],
  ["sigs.k8s.io/karpenter", "v1.8.2", "pkg/apis/crds/karpenter.sh_nodepools.yaml"],
  ...["servicemonitors", "prometheusrules"].map((name): [string, string, string] => [
    "github.com/prometheus-operator/prometheus-operator",
    "v0.90.1",
    `example/prometheus-operator-crd/monitoring.coreos.com_${name}.yaml`,
  ]),
];
export const COMPOSE = [
  "github.com/compose-spec/compose-go/v2",
  "v2.16.2",
  "schema/compose-spec.json",
] as const;

/** Where Go keeps a module that it downloads at need. */
export function moduleDir(module: string, version: string): string {
  const scratch = mkdtempSync(join(tmpdir(), "similarfaces-schemas-"));
  try {
    execFileSync("go", ["mod", "init", "schemas"], { cwd: scratch, stdio: "ignore" });
    const output = execFileSync("go", ["mod", "download", "-json", `${module}@${version}`], { cwd: scratch });
    return (JSON.parse(output.toString()) as { Dir: string }).Dir;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
