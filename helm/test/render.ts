import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { goTool } from "../../services/runtime/test/goTool.js";

export const CHART = fileURLToPath(new URL("..", import.meta.url));
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  defaults: [],
  minimal: ["examples/minimal.yaml"],
  "eks-production": ["examples/eks-production.yaml"],
  inf2: ["examples/eks-production.yaml", "examples/inf2.yaml"],
};
const RELEASE = ["photos", CHART, "--namespace", "faces"];

/** The real ones, built by Go; undefined where they cannot be had. */
export const HELM = await goTool("helm.sh/helm/v3/cmd/helm", "v3.22.0");
export const KUBECONFORM = await goTool("github.com/yannh/kubeconform/cmd/kubeconform", "v0.8.0");

/** A Kubernetes object, as far as the tests look into it. */
// oxlint-disable-next-line typescript/no-explicit-any -- a manifest has no one shape
export type Manifest = any;

export interface Output {
  status: number;
  stdout: string;
  stderr: string;
}

export function helm(args: readonly string[]): Output {
  if (!HELM) throw new Error("no helm");
  const { status, stdout, stderr } = spawnSync(HELM, args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  return { status: status ?? -1, stdout, stderr };
}

/** `helm template` of example files and further values. */
export function template(files: readonly string[], values: object = {}): Output {
  const dir = mkdtempSync(join(tmpdir(), "similarfaces-chart-"));
  try {
    const own = join(dir, "values.json");
    writeFileSync(own, JSON.stringify(values));
    const sources = [...files.map((file) => join(CHART, file)), own].flatMap((file) => ["--values", file]);
    return helm(["template", ...RELEASE, "--kube-version", "1.36.0", "--include-crds", ...sources]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The objects of a rendering that must work. */
export function render(files: readonly string[], values: object = {}): Manifest[] {
  const { status, stdout, stderr } = template(files, values);
  if (status !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout)
    .map((document): Manifest => document.toJS())
    .filter(Boolean);
}

export const ofKind = (manifests: readonly Manifest[], kind: string): Manifest[] =>
  manifests.filter((manifest) => manifest.kind === kind);

/** The pod templates of every workload, by the workload's name. */
export function podsOf(manifests: readonly Manifest[]): [string, Manifest][] {
  return manifests.flatMap((manifest): [string, Manifest][] => {
    if (manifest.kind === "Pod") return [[manifest.metadata.name, manifest]];
    return manifest.spec?.template?.spec?.containers
      ? [[manifest.metadata.name, manifest.spec.template]]
      : [];
  });
}

export const containersOf = (pod: Manifest): Manifest[] => [
  ...(pod.spec.initContainers ?? []),
  ...pod.spec.containers,
];
