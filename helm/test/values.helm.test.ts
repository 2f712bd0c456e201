import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BROKER_PROGRAMS } from "@similarfaces/contracts/brokerUsers";
import { describe, expect, it } from "vitest";
import { CHART, EXAMPLES, HELM, helm, ofKind, podsOf, render, type Manifest } from "./render.js";

describe.skipIf(!HELM)("the values (helm, built by Go)", () => {
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

  it("choose variants for all models and for single ones", () => {
    const precisionOf = (models: object) =>
      ofKind(render([], { models }), "ConfigMap").find(({ data }) => data.STAGES).data.MODEL_PRECISION;
    expect(precisionOf({})).toBe("auto,embed=float32");
    expect(precisionOf({ precision: "int8", precisions: { embed: "int8", age: "float32" } })).toBe(
      "int8,age=float32,embed=int8",
    );
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
