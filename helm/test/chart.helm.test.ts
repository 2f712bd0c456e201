import { spawnSync } from "node:child_process";
import { join } from "node:path";
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

function isSelected({ metadata }: Manifest, selector: Record<string, string>): boolean {
  return Object.entries(selector).every(([key, value]) => metadata.labels?.[key] === value);
}
