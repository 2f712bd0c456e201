// The chart in a real API server: every object accepted to the last property, upgraded, rolled back and gone again.
//
//   npx tsx helm/test/cluster/main.ts "$(helm/test/cluster/build.sh)"
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { CHART, EXAMPLES, HELM, podsOf, type Manifest } from "../render.js";
import { CUSTOM, moduleDir } from "../schemas/sources.js";
import { startApiServer, type ApiServer } from "./apiServer.js";

const NAMESPACE = "faces";
const [binaries] = process.argv.slice(2);
if (!binaries || !HELM)
  throw new Error("main.ts FOLDER, with kube-apiserver and etcd in it; Helm is built by Go");

const api = await startApiServer(binaries);
try {
  await prepare();
  for (const [name, files] of Object.entries(EXAMPLES)) {
    await installs(name, files);
    await leavesNothing();
  }
  await changes();
  await leavesNothing();
} finally {
  await api.stop();
}

/** Custom resources, and a namespace that lets no pod in which is not restricted. */
async function prepare(): Promise<void> {
  const { body: version } = await api.call("GET", "/version");
  console.log(`Kubernetes ${version.gitVersion}, Helm ${helm(["version", "--short"]).trim()}`);
  for (const [module, moduleVersion, path] of CUSTOM) {
    const definition = parse(readFileSync(join(moduleDir(module, moduleVersion), path), "utf8")) as Manifest;
    await create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
    const { group, names, versions } = definition.spec;
    await until(`${names.kind} is served`, async () => {
      const { body } = await api.call("GET", `/apis/${group}/${versions[0].name}`);
      return body.resources?.some(({ kind }: Manifest) => kind === names.kind);
    });
  }
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  await create("/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: NAMESPACE, labels },
  });
}

async function installs(name: string, files: readonly string[]): Promise<void> {
  helm(["install", "photos", CHART, ...values(files)]);
  const objects = released();
  for (const object of objects) {
    const path = await pathOf(object);
    const { status } = await api.call("GET", `${path}/${object.metadata.name}`);
    assert.equal(status, 200, `${object.kind} ${object.metadata.name}`);
  }
  await strictly(objects);
  // The hooks of `helm test`, which wait for it.
  const hooks = documents(helm(["get", "hooks", "photos"]));
  await strictly(hooks);
  await podsAreRestricted([...objects, ...hooks]);
  helm(["upgrade", "photos", CHART, ...values(files)]);
  helm(["uninstall", "photos"]);
  console.log(`${name}: ${objects.length + hooks.length} objects accepted`);
}

/** What an operator does over time: Inferentia comes, a stage goes, all is taken back. */
async function changes(): Promise<void> {
  helm(["install", "photos", CHART, ...values(EXAMPLES["eks-production"]!)]);
  const before = names(released());
  helm(["upgrade", "photos", CHART, ...values(EXAMPLES["inf2"]!), "--set", "stages.race.enabled=false"]);
  const after = names(released());
  for (const name of before.filter((each) => !after.includes(each))) console.log(`  upgrade removes ${name}`);
  for (const name of after.filter((each) => !before.includes(each))) console.log(`  upgrade adds ${name}`);
  assert.ok(before.includes("Deployment photos-similarfaces-race"));
  const race = "/apis/apps/v1/namespaces/faces/deployments/photos-similarfaces-race";
  assert.equal((await api.call("GET", race)).status, 404);
  helm(["rollback", "photos", "1"]);
  assert.equal((await api.call("GET", race)).status, 200);
  const bigger = ["--set", "nats.storage.sizeGi=40"];
  const refused = run(["upgrade", "photos", CHART, ...values(EXAMPLES["eks-production"]!), ...bigger]);
  assert.match(refused.stderr, /updates to statefulset spec .*are forbidden/);
  console.log("  an upgrade of the broker's disk is refused, as the README says");
  helm(["rollback", "photos", "3"]);
  helm(["uninstall", "photos"]);
}

/** Again, as no client would send it: nothing unknown, nothing twice, and nothing that is only warned of. */
async function strictly(objects: readonly Manifest[]): Promise<void> {
  for (const object of objects) {
    const again = { ...object, metadata: { ...object.metadata, name: `${object.metadata.name}-again` } };
    const { status, body } = await api.call(
      "POST",
      `${await pathOf(object)}?dryRun=All&fieldValidation=Strict`,
      again,
    );
    assert.equal(status, 201, `${object.kind} ${object.metadata.name}: ${JSON.stringify(body.message)}`);
  }
}

/** The pods that controllers would make of the workloads, in a namespace that takes restricted ones alone. */
async function podsAreRestricted(objects: readonly Manifest[]): Promise<void> {
  for (const [name, { metadata, spec }] of podsOf(objects)) {
    const set = objects.find((one) => one.kind === "StatefulSet" && one.metadata.name === name);
    const claims = (set?.spec.volumeClaimTemplates ?? []).map((claim: Manifest) => ({
      name: claim.metadata.name,
      persistentVolumeClaim: { claimName: claim.metadata.name },
    }));
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...metadata, name: `${name}-0` },
      spec: { ...spec, volumes: [...(spec.volumes ?? []), ...claims] },
    };
    const { status, body } = await api.call("POST", `/api/v1/namespaces/${NAMESPACE}/pods?dryRun=All`, pod);
    assert.equal(status, 201, `${name}: ${body.message}`);
  }
}

/** Nothing of the release is left in any kind of object, but for Helm's own record of it, which goes too. */
async function leavesNothing(): Promise<void> {
  const { body: groups } = await api.call("GET", "/apis");
  const versions = [
    "/api/v1",
    ...groups.groups.map((group: Manifest) => `/apis/${group.preferredVersion.groupVersion}`),
  ];
  for (const version of versions) {
    const { body } = await api.call("GET", version);
    for (const { name, verbs } of body.resources as Manifest[]) {
      if (!verbs.includes("list") || name.includes("/")) continue;
      const { body: list } = await api.call("GET", `${version}/${name}`);
      const left = (list.items ?? []).filter(({ metadata }: Manifest) => /photos/.test(metadata.name));
      assert.deepEqual(
        left.map(({ metadata }: Manifest) => metadata.name),
        [],
        name,
      );
    }
  }
}

function released(): Manifest[] {
  return documents(helm(["get", "manifest", "photos"]));
}

function documents(yaml: string): Manifest[] {
  return parseAllDocuments(yaml)
    .map((document): Manifest => document.toJS())
    .filter(Boolean);
}

function names(objects: readonly Manifest[]): string[] {
  return objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
}

function values(files: readonly string[]): string[] {
  return files.flatMap((file) => ["--values", join(CHART, file)]);
}

async function pathOf({ apiVersion, kind }: Manifest): Promise<string> {
  const root = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  const { body } = await api.call("GET", root);
  const found = body.resources.find((one: Manifest) => one.kind === kind && !one.name.includes("/"));
  return `${root}${found.namespaced ? `/namespaces/${NAMESPACE}` : ""}/${found.name}`;
}

async function create(path: string, object: Manifest): Promise<void> {
  const { status, body } = await api.call("POST", path, object);
  assert.equal(status, 201, body.message);
}

function run(args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(
    HELM!,
    [...args, "--namespace", NAMESPACE, "--kubeconfig", (api as ApiServer).kubeconfig],
    {
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    },
  );
}

function helm(args: readonly string[]): string {
  const { status, stdout, stderr } = run(args);
  assert.equal(status, 0, `helm ${args.join(" ")}: ${stderr}`);
  // The server warns of what it takes and would rather not.
  assert.doesNotMatch(stderr, /^W\d+|[Ww]arning/m, stderr);
  return stdout;
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const endsAtMs = Date.now() + 30_000;
  while (!(await condition().catch(() => false))) {
    assert.ok(Date.now() < endsAtMs, what);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
