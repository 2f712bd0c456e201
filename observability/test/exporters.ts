import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Exporters {
  /** host:port, for a scrape configuration. */
  readonly target: string;
  close(): Promise<void>;
}

const STAGES = ["extract", "embed"];

/**
 * What one machine does not have: pods, containers, nodes and autoscalers; made-up values in the exporters' own format, with
 * every label that they write (kube-state-metrics 2, cAdvisor in the kubelet). Labels of pods and nodes are there only where
 * kube-state-metrics is told to show them (--metric-labels-allowlist).
 */
export async function startExporters(): Promise<Exporters> {
  const startedAtMs = Date.now();
  const server = createServer((_, response) => {
    const seconds = (Date.now() - startedAtMs) / 1_000;
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
    response.end([...STAGES.flatMap((stage) => podOf(stage, seconds)), ...nodes()].join("\n") + "\n");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    target: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function podOf(stage: string, seconds: number): string[] {
  const deployment = `similarfaces-${stage}`;
  const pod = `${deployment}-6d9f7c5b8-x2x4k`;
  const uid = "3f1c2b1e-0d53-4c0e-8a55-6f5a3d1f0f11";
  const inNamespace = `namespace="similarfaces"`;
  const container = `container="${stage}",id="/kubepods/pod${uid}/1",image="similarfaces/stage:0.1.0",name="1",${inNamespace},pod="${pod}"`;
  const scaler = `${inNamespace},horizontalpodautoscaler="keda-hpa-${deployment}"`;
  return [
    `kube_deployment_status_replicas_ready{${inNamespace},deployment="${deployment}"} 2`,
    `kube_deployment_spec_replicas{${inNamespace},deployment="${deployment}"} 3`,
    `kube_pod_container_status_restarts_total{${inNamespace},pod="${pod}",uid="${uid}",container="${stage}"} ${Math.floor(seconds / 20)}`,
    `kube_pod_labels{${inNamespace},pod="${pod}",uid="${uid}",label_app_kubernetes_io_component="${stage}",label_similarfaces_io_node_type="cpu"} 1`,
    `kube_horizontalpodautoscaler_status_desired_replicas{${scaler}} 3`,
    `kube_horizontalpodautoscaler_spec_max_replicas{${scaler}} 40`,
    `kube_pod_container_resource_requests{${inNamespace},pod="${pod}",uid="${uid}",container="${stage}",node="ip-10-0-0-0.ec2.internal",resource="cpu",unit="core"} 1`,
    `container_cpu_usage_seconds_total{${container},cpu="total"} ${(seconds * 0.8).toFixed(3)}`,
    `container_cpu_cfs_periods_total{${container}} ${Math.floor(seconds * 10)}`,
    `container_cpu_cfs_throttled_periods_total{${container}} ${Math.floor(seconds)}`,
    `container_memory_working_set_bytes{${container}} 3.1e+08`,
  ];
}

function nodes(): string[] {
  return ["c7i.xlarge", "inf2.xlarge"].map(
    (type, i) =>
      `kube_node_labels{node="ip-10-0-0-${i}.ec2.internal",label_kubernetes_io_arch="amd64",label_node_kubernetes_io_instance_type="${type}"} 1`,
  );
}
