import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BROKER_PROGRAMS } from "@similarfaces/contracts/brokerUsers";
import { describe, expect, it } from "vitest";
import {
  CHART,
  EXAMPLES,
  HELM,
  KUBECONFORM,
  containersOf,
  helm,
  ofKind,
  podsOf,
  render,
  template,
  type Manifest,
} from "./render.js";

const there = Boolean(HELM && KUBECONFORM);

describe.skipIf(!there).each(Object.entries(EXAMPLES))(
  "the chart with %s (helm, built by Go)",
  (_, files) => {
    it("is accepted by helm lint", () => {
      const values = files.flatMap((file) => ["--values", join(CHART, file)]);
      const { status, stdout } = helm(["lint", "--strict", CHART, ...values]);
      expect(stdout).toContain("0 chart(s) failed");
      expect(status).toBe(0);
    });

    it("has only objects that Kubernetes and the operators know, to the last property", () => {
      const { stdout, stderr, status } = template(files);
      expect(stderr.replace(/^walk.go.*\n/gm, "")).toBe("");
      expect(status).toBe(0);
      const schemas = join(CHART, "test/schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json");
      const args = ["-strict", "-summary", "-output", "json", "-schema-location", schemas];
      const checked = spawnSync(KUBECONFORM!, args, { input: stdout, encoding: "utf8" });
      const { resources, summary } = JSON.parse(checked.stdout) as Manifest;
      expect(resources ?? []).toEqual([]);
      expect(summary).toMatchObject({ invalid: 0, errors: 0, skipped: 0 });
      expect(summary.valid).toBe(render(files).length);
    });

    it("has services and budgets whose selectors and ports meet a pod", () => {
      const manifests = render(files);
      const pods = podsOf(manifests).map(([, pod]) => pod);
      const selectors = [
        ...ofKind(manifests, "Service").map(({ metadata, spec }) => [metadata.name, spec.selector]),
        ...ofKind(manifests, "PodDisruptionBudget").map(({ metadata, spec }) => [
          metadata.name,
          spec.selector.matchLabels,
        ]),
      ];
      for (const [name, selector] of selectors)
        expect(pods.filter((pod) => isSelected(pod, selector)).length, name).toBe(1);
      for (const { metadata, spec } of ofKind(manifests, "Service")) {
        const [pod] = pods.filter((candidate) => isSelected(candidate, spec.selector));
        const ports = containersOf(pod).flatMap(({ ports = [] }) => ports.map(({ name }: Manifest) => name));
        for (const { targetPort } of spec.ports) expect(ports, metadata.name).toContain(targetPort);
      }
      for (const workload of manifests.filter(({ spec }) => spec?.selector?.matchLabels && spec.template)) {
        expect(workload.spec.template.metadata.labels).toMatchObject(workload.spec.selector.matchLabels);
        expect(Object.values(workload.spec.selector.matchLabels)).not.toContain("0.1.0");
      }
    });

    it("probes, routes and scrapes ports that are there", () => {
      const manifests = render(files);
      for (const [name, pod] of podsOf(manifests)) {
        for (const container of containersOf(pod)) {
          const names = (container.ports ?? []).map((port: Manifest) => port.name);
          for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"])
            if (container[probe]) expect(names, `${name} ${probe}`).toContain(container[probe].httpGet.port);
        }
      }
      const services = ofKind(manifests, "Service");
      for (const { spec } of ofKind(manifests, "Ingress")) {
        const { name, port } = spec.rules[0].http.paths[0].backend.service;
        const service = services.find(({ metadata }) => metadata.name === name);
        expect(service.spec.ports.map((candidate: Manifest) => candidate.name)).toContain(port.name);
      }
      for (const { spec } of ofKind(manifests, "ServiceMonitor")) {
        const scraped = services.filter(
          ({ metadata }) =>
            isSelected({ metadata }, spec.selector.matchLabels) &&
            metadata.labels["app.kubernetes.io/component"] !== "nats",
        );
        const ports = spec.endpoints.map(({ port }: Manifest) => port);
        for (const { spec: service } of scraped)
          expect(service.ports.some(({ name }: Manifest) => ports.includes(name))).toBe(true);
      }
    });

    it("runs everything without privileges, on a file system that cannot be written", () => {
      for (const [name, { spec }] of podsOf(render(files))) {
        expect(spec.securityContext, name).toMatchObject({
          runAsNonRoot: true,
          seccompProfile: { type: "RuntimeDefault" },
        });
        expect(spec.automountServiceAccountToken, name).toBe(false);
        for (const { securityContext, resources } of containersOf({ spec })) {
          expect(securityContext, name).toMatchObject({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          });
          expect(resources.requests.cpu, name).toBeDefined();
          expect(resources.limits.memory, name).toBeDefined();
        }
      }
    });

    it("names secrets and holds none", () => {
      const manifests = render(files);
      // But for what the chart makes itself, new for every installation.
      expect(
        ofKind(manifests, "Secret").map(({ metadata }) => metadata.labels["app.kubernetes.io/component"]),
      ).toEqual(["nats", "nats"]);
      const secret = /token|password|secret|credential|api.?key|access.?key/i;
      for (const { metadata, data } of ofKind(manifests, "ConfigMap")) {
        if (metadata.labels.grafana_dashboard || metadata.name.endsWith("-test")) continue;
        for (const [key, value] of Object.entries<string>(data)) {
          expect(key, metadata.name).not.toMatch(secret);
          // The broker's file names a variable; nothing may stand in its place.
          for (const [, given] of value.matchAll(/(?:token|password):\s*([^\s,]+)/g))
            expect(given).toMatch(/^\$NATS_PASSWORD_[A-Z]+$/);
        }
      }
      for (const [name, pod] of podsOf(manifests))
        for (const { env = [] } of containersOf(pod))
          for (const { name: key, value } of env)
            if (secret.test(key) && !["API_KEY_FOR", "NATS_CREDENTIALS_FILE", "NATS_USER"].includes(key))
              expect(value, `${name} ${key}`).toBeUndefined();
    });

    it("gives every process more time to end than it takes itself", () => {
      const manifests = render(files);
      const config = ofKind(manifests, "ConfigMap").find(({ data }) => data.FORCE_MS).data;
      expect(Number(config.GRACE_MS)).toBeLessThan(Number(config.FORCE_MS));
      for (const { metadata, spec } of ofKind(manifests, "Deployment")) {
        const sleepMs = 1_000 * (spec.template.spec.containers[0].lifecycle?.preStop.sleep.seconds ?? 0);
        const endMs = 1_000 * spec.template.spec.terminationGracePeriodSeconds;
        expect(endMs, metadata.name).toBeGreaterThan(Number(config.FORCE_MS) + sleepMs);
      }
    });

    it("scales what is there, and leaves its replicas alone", () => {
      const manifests = render(files);
      const deployments = new Map(ofKind(manifests, "Deployment").map((one) => [one.metadata.name, one]));
      for (const scaler of [
        ...ofKind(manifests, "ScaledObject"),
        ...ofKind(manifests, "HorizontalPodAutoscaler"),
      ]) {
        const target = deployments.get(scaler.spec.scaleTargetRef.name);
        expect(target, scaler.metadata.name).toBeDefined();
        expect(target.spec.replicas).toBeUndefined();
      }
    });
  },
);

describe.skipIf(!there)("the values (helm, built by Go)", () => {
  it.each([
    ["a misspelt key", { gateway: { replica: 2 } }, /replica/],
    ["a misspelt key of a stage", { stages: { age: { nodeTyp: "cpu" } } }, /nodeTyp/],
    ["a misspelt section", { netpol: {} }, /netpol/],
    ["a number in words", { nats: { replicas: "three" } }, /replicas/],
    ["two brokers, which cannot agree", { nats: { replicas: 2 } }, /replicas/],
    ["a driver that does not exist", { blobs: { driver: "minio" } }, /driver/],
    ["a stage without a program", { stages: { smile: {} } }, /no program ""/],
    ["a program that does not exist", { stages: { smile: { program: "grin" } } }, /no program "grin"/],
    ["a stage that is named like something else", { stages: { gateway: { program: "analyze" } } }, /gateway/],
    ["an analyzer whose name is none", { stages: { own: { program: "analyze", stage: "Own" } } }, /stage/],
    ["a node type that does not exist", { stages: { age: { nodeType: "gpu" } } }, /no node type "gpu"/],
    ["S3 without a bucket", { blobs: { driver: "s3" } }, /blobs.s3.bucket is needed/],
    [
      "Elasticsearch without an address",
      { gallery: { driver: "elasticsearch" } },
      /elasticsearch.url is needed/,
    ],
    ["an external broker without an address", { nats: { enabled: false } }, /nats.external.url is needed/],
    [
      "Inferentia without a model server",
      { stages: { age: { nodeType: "inf2" } } },
      /modelServer.image is needed/,
    ],
    ["results that go before a job has ended", { jobs: { ttlSeconds: 60 } }, /kept for longer/],
    ["a process that gives up before its grace is over", { drain: { graceSeconds: 30 } }, /must be longer/],
    [
      "no replicas where a cold start takes longer than a job may",
      { stages: { age: { autoscaling: { kind: "keda", minReplicas: 0, coldStartSeconds: 90 } } } },
      /inside the deadline/,
    ],
    ["a node type that no service knows", { nodeTypes: { gpu: {} } }, /gpu/],
    ["a share of traces above one", { tracing: { ratio: 2 } }, /ratio/],
    ["an installation without extract", { stages: { extract: { enabled: false } } }, /extract is needed/],
    [
      "more replicas at least than at most",
      { stages: { age: { autoscaling: { kind: "keda", minReplicas: 20 } } } },
      /minReplicas is above/,
    ],
    [
      "scaling by processor time to no target",
      { stages: { age: { autoscaling: { kind: "hpa", cpuPercent: 0 } } } },
      /hpa has nothing else/,
    ],
    [
      "a credentials file for the chart's own broker",
      { nats: { auth: { existingSecret: "nats", kind: "credentials" } } },
      /knows users/,
    ],
    [
      "no replicas where nothing would wake the stage",
      { stages: { age: { autoscaling: { kind: "hpa", minReplicas: 0 } } } },
      /only keda/,
    ],
  ])("refuse %s", (_, values, reason) => {
    const { status, stderr } = template([], values);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(reason);
  });

  it("let a stage sleep where waking it fits inside the deadline", () => {
    const scaling = { kind: "keda", minReplicas: 0, coldStartSeconds: 20 };
    const [scaled] = ofKind(render([], { stages: { emotion: { autoscaling: scaling } } }), "ScaledObject");
    expect(scaled.spec.minReplicaCount).toBe(0);
  });

  it("scale by processor time alone where there is no KEDA", () => {
    const manifests = render([], { stageDefaults: { autoscaling: { kind: "hpa" } } });
    expect(ofKind(manifests, "ScaledObject")).toEqual([]);
    const scalers = ofKind(manifests, "HorizontalPodAutoscaler");
    expect(scalers.length).toBe(ofKind(manifests, "Deployment").length - 2);
    for (const { spec } of scalers) expect(spec.metrics[0].resource.target.averageUtilization).toBe(70);
  });

  it("send traces where told to, with headers from a secret, and nowhere else", () => {
    expect(JSON.stringify(render([]))).not.toContain("OTEL_");
    const tracing = { endpoint: "http://collector:4318", ratio: 0.5, existingSecret: "traces" };
    const manifests = render([], { tracing });
    expect(ofKind(manifests, "ConfigMap").find(({ data }) => data.NATS_URL).data).toMatchObject({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318",
      OTEL_TRACES_SAMPLER_ARG: "0.5",
    });
    for (const { spec } of ofKind(manifests, "Deployment")) {
      const headers = spec.template.spec.containers[0].env.find(
        ({ name }: Manifest) => name === "OTEL_EXPORTER_OTLP_HEADERS",
      );
      expect(headers.valueFrom.secretKeyRef).toEqual({ name: "traces", key: "headers" });
    }
  });

  it("give every pod the broker user of its program, its own password alone, and the authority to trust", () => {
    const manifests = render(EXAMPLES["eks-production"]!);
    const [passwords, certificate] = ofKind(manifests, "Secret");
    const users = [...BROKER_PROGRAMS, "age", "gender", "race", "emotion", "cluster"];
    expect(Object.keys(passwords.data).sort()).toEqual(users.sort());
    expect(new Set(Object.values(passwords.data)).size).toBe(users.length);
    for (const value of Object.values<string>(passwords.data))
      expect(Buffer.from(value, "base64").toString()).toMatch(/^p[A-Za-z0-9]{39}$/);
    for (const [name, { metadata, spec }] of podsOf(manifests)) {
      if (name.endsWith("-test") || name.endsWith("-nats")) continue;
      const { env, volumeMounts } = spec.containers[0];
      const user = metadata.labels["similarfaces.io/stage"] ?? metadata.labels["app.kubernetes.io/component"];
      const variable = (key: string) => env.find((each: Manifest) => each.name === key);
      expect(variable("NATS_USER").value, name).toBe(user);
      expect(variable("NATS_PASSWORD").valueFrom.secretKeyRef, name).toEqual({
        name: passwords.metadata.name,
        key: user,
      });
      const mount = volumeMounts.find(({ name: volume }: Manifest) => volume === "nats-ca");
      expect(variable("NATS_CA_FILE").value, name).toBe(`${mount.mountPath}/ca.crt`);
      const { secret } = spec.volumes.find(({ name: volume }: Manifest) => volume === "nats-ca");
      // Never the key.
      expect(secret, name).toEqual({
        secretName: certificate.metadata.name,
        items: [{ key: "ca.crt", path: "ca.crt" }],
      });
    }
    const { data } = ofKind(manifests, "ConfigMap").find((map) => map.data.NATS_URL);
    expect(data.NATS_URL).toMatch(/^tls:/);
  });

  it("reach an external broker by its credentials file", () => {
    const nats = {
      enabled: false,
      external: { url: "tls://nats.example.com:4222" },
      auth: { existingSecret: "nats-user", kind: "credentials" },
    };
    const manifests = render([], { nats });
    expect(ofKind(manifests, "StatefulSet")).toEqual([]);
    for (const [name, { spec }] of podsOf(manifests)) {
      if (name.endsWith("-test")) continue;
      const [{ env, volumeMounts }] = spec.containers;
      const file = env.find(({ name: key }: Manifest) => key === "NATS_CREDENTIALS_FILE").value;
      const mount = volumeMounts.find(({ name: volume }: Manifest) => volume === "nats-credentials");
      expect(file, name).toBe(`${mount.mountPath}/credentials`);
      expect(
        spec.volumes.find(({ secret }: Manifest) => secret?.secretName === "nats-user"),
        name,
      ).toBeDefined();
    }
  });

  it("switch a stage off everywhere at once", () => {
    const manifests = render([], { stages: { race: { enabled: false } } });
    expect(manifests.filter(({ metadata }) => metadata.name.endsWith("-race"))).toEqual([]);
    const { data } = ofKind(manifests, "ConfigMap").find((map) => map.data.STAGES);
    expect(data.STAGES.split(",").sort()).toEqual(
      ["age", "embed", "emotion", "enrol", "extract", "gender", "match", "quality"].sort(),
    );
  });

  it("make the same objects from the package as from the folder", () => {
    const dir = mkdtempSync(join(tmpdir(), "similarfaces-package-"));
    try {
      expect(helm(["package", CHART, "--destination", dir]).status).toBe(0);
      const [file] = readdirSync(dir);
      const values = ["--values", join(CHART, "examples/eks-production.yaml"), "--kube-version", "1.36.0"];
      const packaged = helm(["template", "photos", join(dir, file!), ...values]);
      expect(packaged.status).toBe(0);
      // Passwords and certificates are new each time.
      const lasting = (text: string) => text.replace(/^kind: Secret$[^]*?^---$/gm, "");
      expect(lasting(packaged.stdout)).toBe(lasting(helm(["template", "photos", CHART, ...values]).stdout));
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it("provision anew with every change of what is to be provisioned", () => {
    const checksum = (values: object) =>
      ofKind(render([], values), "Deployment").find(({ metadata }) => metadata.name.endsWith("-provision"))
        .spec.template.metadata.annotations["checksum/config"];
    expect(checksum({})).toBe(checksum({}));
    expect(checksum({ stages: { race: { enabled: false } } })).not.toBe(checksum({}));
  });

  it("run an analyzer of one's own as one more key and a volume", () => {
    const manifests = render([], {
      stages: {
        mask: {
          program: "analyze",
          env: { LOG_LEVEL: "debug" },
          autoscaling: { kind: "keda", minReplicas: 0 },
        },
      },
      models: {
        analyzerPacks: ["extra"],
        analyzerVolumes: { mine: { persistentVolumeClaim: { claimName: "analyzers", readOnly: true } } },
      },
    });
    const config = ofKind(manifests, "ConfigMap").find(({ data }) => data.STAGES).data;
    expect(config.STAGES.split(",")).toContain("mask");
    expect(config.ANALYZER_PACKS).toBe("extra,/analyzers/mine");
    const pods = new Map(podsOf(manifests));
    for (const component of ["mask", "provision"]) {
      const { spec } = pods.get(`photos-similarfaces-${component}`);
      expect(spec.containers[0].volumeMounts, component).toContainEqual({
        name: "analyzers-mine",
        mountPath: "/analyzers/mine",
        readOnly: true,
      });
      expect(spec.volumes, component).toContainEqual({
        name: "analyzers-mine",
        persistentVolumeClaim: { claimName: "analyzers", readOnly: true },
      });
    }
    const { env } = pods.get("photos-similarfaces-mask").spec.containers[0];
    for (const [name, value] of Object.entries({ ANALYZER: "mask", NATS_USER: "mask", LOG_LEVEL: "debug" }))
      expect(env).toContainEqual({ name, value });
    const [scaled] = ofKind(manifests, "ScaledObject");
    expect(scaled.spec.triggers[0].metadata).toMatchObject({ stream: "SF_FACES", consumer: "mask" });
    const broker = ofKind(manifests, "ConfigMap").find(({ data }) => data["nats.conf"]).data["nats.conf"];
    expect(broker).toContain("user: mask, password: $NATS_PASSWORD_MASK");
    const [secret] = ofKind(manifests, "Secret");
    expect(Object.keys(secret.data)).toContain("mask");
  });

  it("let KEDA and Prometheus reach the broker and the metrics, where networks are closed", () => {
    const policies = ofKind(render(EXAMPLES["eks-production"]!), "NetworkPolicy");
    const allowed = policies.flatMap(({ spec }) =>
      (spec.ingress ?? []).flatMap(({ from = [], ports }: Manifest) =>
        from.flatMap(({ namespaceSelector }: Manifest) =>
          namespaceSelector
            ? ports.map(
                ({ port }: Manifest) =>
                  `${namespaceSelector.matchLabels["kubernetes.io/metadata.name"]} ${port}`,
              )
            : [],
        ),
      ),
    );
    expect(allowed.sort()).toEqual(["keda 8222", "monitoring 8222", "monitoring 9090"]);
  });
});

function isSelected({ metadata }: Manifest, selector: Record<string, string>): boolean {
  return Object.entries(selector).every(([key, value]) => metadata.labels?.[key] === value);
}
