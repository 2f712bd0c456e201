import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  STAGE_TABLE,
  consumer,
  consumers,
  isCoreStage,
  isStageName,
  rowOf,
  streams,
} from "@similarfaces/contracts";
import { NODE_TYPES, findAnalyzers } from "@similarfaces/inference";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { makeCertificates } from "../../services/runtime/test/certificates.js";
import { NATS_USERS_FILES, fileOf, passwordVariable } from "./natsUsers.js";
import { BUILT, PROGRAMS, ROOT, variablesRead } from "./programs.js";
import { CHART, EXAMPLES, HELM, containersOf, ofKind, podsOf, render, type Manifest } from "./render.js";

const MIB = 1024 * 1024;
const values = parse(readFileSync(join(CHART, "values.yaml"), "utf8")) as Manifest;

/** What no example asks for. */
const EVERYTHING = {
  nats: {
    enabled: false,
    external: { url: "nats://nats:4222" },
    auth: { existingSecret: "nats", kind: "credentials" },
  },
  blobs: { driver: "s3", s3: { bucket: "photos", existingSecret: "s3" } },
  gateway: { apiKey: { existingSecret: "api", requiredFor: "everything" } },
  tracing: { endpoint: "http://collector:4318", existingSecret: "traces" },
};

/** An analyzer of one's own that is called as lengthily as one may be. */
const HATS = "my-own-analyzer-of-hats-and-caps";
const LONGEST_NAME = {
  stages: { [HATS]: { program: "analyze", autoscaling: { kind: "keda", minReplicas: 0 } } },
};

describe.skipIf(!HELM)("what the chart says of others (helm, built by Go)", () => {
  it.skipIf(!BUILT)("sets no variable that no service reads (needs npm run build)", () => {
    const read = variablesRead();
    const set = new Set<string>();
    const all = [...Object.values(EXAMPLES).map((files) => render(files)), render([], EVERYTHING)];
    for (const manifests of all) {
      for (const { data } of ofKind(manifests, "ConfigMap"))
        if (data.NATS_URL) for (const key of Object.keys(data)) set.add(key);
      for (const [name, pod] of podsOf(manifests))
        if (!name.endsWith("-test") && !name.endsWith("-nats"))
          for (const { env = [] } of pod.spec.containers) for (const { name: key } of env) set.add(key);
    }
    expect([...set].filter((key) => !read.has(key))).toEqual([]);
  });

  it("takes every name that an analyzer may have", () => {
    expect([isStageName(HATS), isStageName(`${HATS}s`)]).toEqual([true, false]);
    const manifests = render([], LONGEST_NAME);
    const named = manifests.filter(({ metadata }) => metadata.name.endsWith(HATS));
    expect(named.map(({ kind }) => kind).sort()).toEqual(["Deployment", "ScaledObject", "Service"]);
    for (const { metadata } of named) expect(metadata.name.length).toBeLessThanOrEqual(63);
    const { env } = podsOf(manifests).find(([name]) => name.endsWith(HATS))![1].spec.containers[0];
    const { secretKeyRef } = env.find(({ name }: Manifest) => name === "NATS_PASSWORD").valueFrom;
    expect(secretKeyRef.key).toBe(HATS);
    expect(Object.keys(brokerEnvironment(manifests))).toContain(passwordVariable(HATS));
  });

  it("scales on the consumers of the contracts", () => {
    const stages = { mask: { program: "analyze" } };
    const stageDefaults = { autoscaling: { kind: "keda" } };
    const triggers = ofKind(render([], { stages, stageDefaults }), "ScaledObject")
      .flatMap(({ spec }) => spec.triggers)
      .filter(({ type }) => type === "nats-jetstream")
      .map(({ metadata }) => [metadata.consumer, metadata.stream]);
    const analyzers = ["age", "gender", "race", "emotion", "mask"].map((name) => consumer(name));
    const wanted = [...consumers(), ...analyzers].map(({ durable_name, stream }) => [durable_name, stream]);
    expect(triggers.sort()).toEqual(wanted.sort());
  });

  it("gives the broker room for what streams and stores reserve", () => {
    const reserved = streams({ replicas: 1, jobTtlMs: 600_000 }).reduce(
      (sum, { max_bytes }) => sum + max_bytes,
      0,
    );
    const stores = 2 * 4096 * MIB;
    for (const files of Object.values(EXAMPLES)) {
      const config = ofKind(render(files), "ConfigMap").find(({ data }) => data["nats.conf"]).data[
        "nats.conf"
      ];
      const room = Number(/max_file_store: (\d+)MB/.exec(config)![1]) * MIB;
      const { BLOBS_DRIVER, GALLERY_DRIVER, GALLERY_MAX_MIB } = ofKind(render(files), "ConfigMap").find(
        ({ data }) => data.BLOBS_DRIVER,
      ).data;
      const blobs = BLOBS_DRIVER === "nats" ? stores : 0;
      const gallery = GALLERY_DRIVER === "nats" ? Number(GALLERY_MAX_MIB) * MIB : 0;
      expect(room).toBeGreaterThan(reserved + blobs + gallery);
    }
  });

  it("writes a configuration that the broker reads", () => {
    const dir = mkdtempSync(join(tmpdir(), "similarfaces-natsconf-"));
    const { certFile, keyFile, caFile, remove } = makeCertificates();
    try {
      const renderings = [...Object.values(EXAMPLES).map((files) => render(files)), render([], LONGEST_NAME)];
      for (const manifests of renderings) {
        const { data } = ofKind(manifests, "ConfigMap").find((map) => map.data["nats.conf"]);
        const config = data["nats.conf"]
          .replaceAll("/etc/nats-tls/tls.crt", certFile)
          .replaceAll("/etc/nats-tls/tls.key", keyFile)
          .replaceAll("/etc/nats-tls/ca.crt", caFile);
        writeFileSync(join(dir, "nats.conf"), config);
        const { status, stderr } = spawnSync(natsServer(), ["-t", "-c", join(dir, "nats.conf")], {
          encoding: "utf8",
          env: { ...process.env, SERVER_NAME: "nats-0", ...brokerEnvironment(manifests) },
        });
        expect(stderr).toContain("is valid");
        expect(status).toBe(0);
      }
    } finally {
      remove();
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it("brings the rules and dashboards of observability as they are", () => {
    const manifests = render(EXAMPLES["eks-production"]!);
    const [rule] = ofKind(manifests, "PrometheusRule");
    const groups = ["recording.rules.yml", "alerts.rules.yml"].flatMap(
      (file) => parse(readFileSync(join(ROOT, "observability/prometheus", file), "utf8")).groups,
    );
    const byName = (a: Manifest, b: Manifest) => a.name.localeCompare(b.name);
    expect([...rule.spec.groups].sort(byName)).toEqual(groups.sort(byName));
    const folder = join(ROOT, "observability/grafana/dashboards");
    for (const file of readdirSync(folder)) {
      const map = ofKind(manifests, "ConfigMap").find(({ data }) => data[file]);
      expect(JSON.parse(map.data[file])).toEqual(JSON.parse(readFileSync(join(folder, file), "utf8")));
    }
  });

  it("labels pods as the dashboards ask for them", () => {
    const folder = join(ROOT, "observability/grafana/dashboards");
    const asked = readdirSync(folder).flatMap((file) =>
      [...readFileSync(join(folder, file), "utf8").matchAll(/label_(similarfaces_\w+)/g)].map(
        ([, name]) => name!,
      ),
    );
    const labels = podsOf(render([])).flatMap(([, { metadata }]) => Object.keys(metadata.labels));
    // As kube-state-metrics writes them.
    const written = new Set(labels.map((label) => label.replace(/\W/g, "_")));
    expect([...new Set(asked)].filter((name) => !written.has(name))).toEqual([]);
  });

  it("starts the programs of the images", () => {
    const started = podsOf(render(EXAMPLES["inf2"]!)).flatMap(([, pod]) =>
      containersOf(pod).flatMap(({ args = [] }) => args.filter((arg: string) => arg.includes("/dist/"))),
    );
    expect([...new Set(started)].sort()).toEqual([...PROGRAMS].sort());
  });

  it("can send its test's photo", () => {
    const [pod] = ofKind(render([]), "Pod");
    const photo = pod.spec.containers[0].env.find(({ name }: Manifest) => name === "PHOTO").value;
    expect(readFileSync(join(ROOT, photo)).length).toBeGreaterThan(1_000);
  });
});

it("has the node types of the runtime", () => {
  expect(Object.keys(values.nodeTypes)).toEqual(Object.keys(NODE_TYPES));
  for (const [name, type] of Object.entries(NODE_TYPES)) {
    const { inferenceDriver, lanes, concurrency, resources } = type;
    expect(values.nodeTypes[name]).toMatchObject({ inferenceDriver, lanes, concurrency, resources });
  }
});

it("has the version of everything else", () => {
  const chart = parse(readFileSync(join(CHART, "Chart.yaml"), "utf8")) as Manifest;
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  expect([chart.version, chart.appVersion]).toEqual([version, version]);
});

it.each(Object.entries(NATS_USERS_FILES))(
  "has the broker's users of the contracts in %s (npx tsx helm/test/natsUsers.ts writes them)",
  (name, text) => {
    expect(readFileSync(fileOf(name), "utf8")).toBe(text());
  },
);

it("has the programs of the contracts: what each works on, and what is scaled by", () => {
  for (const [program, { kind, stream, consumers = [], along = [] }] of Object.entries<Manifest>(
    values.programs,
  )) {
    // The program of analyzers stands for any of them.
    for (const stage of consumers.length > 0 ? consumers : ["any"]) {
      expect([rowOf(stage).kind, consumer(stage).stream], program).toEqual([kind, stream]);
    }
    for (const stage of along) expect(rowOf(stage).source, program).toBe(program);
  }
  const named = Object.values<Manifest>(values.programs).flatMap(({ consumers, along = [] }) => [
    ...consumers,
    ...along,
  ]);
  expect(named.sort()).toEqual(Object.keys(STAGE_TABLE).sort());
});

it("runs every analyzer of the pack in use, and no other", async () => {
  const { pack } = values.models;
  const found = await findAnalyzers({ modelsDir: join(ROOT, "models"), pack, analyzerPacks: [] });
  const analyzers = Object.entries<Manifest>(values.stages).filter(
    ([, { program }]) => program === "analyze",
  );
  expect(analyzers.map(([name]) => name).sort()).toEqual(found.map(({ name }) => name).sort());
  expect(analyzers.filter(([name]) => isCoreStage(name))).toEqual([]);
});

/** What the StatefulSet sets, with passwords that are none. */
function brokerEnvironment(manifests: Manifest[]): Record<string, string> {
  const [{ spec }] = ofKind(manifests, "StatefulSet") as [Manifest];
  return Object.fromEntries(
    spec.template.spec.containers[0].env
      .filter(({ name }: Manifest) => name.startsWith("NATS_"))
      .map(({ name, value = "not-a-secret" }: Manifest) => [
        name,
        value.replace("$(NATS_PASSWORD_CLUSTER)", "not-a-secret"),
      ]),
  );
}

function natsServer(): string {
  const named = process.env["NATS_SERVER"];
  return named || "nats-server";
}
