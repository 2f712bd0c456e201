import { describe, expect, it } from "vitest";
import { HELM, template } from "./render.js";

describe.skipIf(!HELM)("the values (helm, built by Go)", () => {
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
    [
      "a stage whose objects would have too long a name",
      {
        fullnameOverride: "photos-of-the-whole-company",
        stages: { ["a".repeat(36)]: { program: "analyze" } },
      },
      /more than 63 characters/,
    ],
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
});
