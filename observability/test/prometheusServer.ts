import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";

export interface Sample {
  metric: Record<string, string>;
  value: number;
}

export interface PrometheusServer {
  readonly url: string;
  /** An instant query, now. */
  query(expr: string): Promise<Sample[]>;
  api<T>(path: string): Promise<T>;
  /** Until a target ("host:port") has been scraped. @throws Error after 30 s */
  untilScraped(target: string): Promise<void>;
  stop(): Promise<void>;
}

/** A real Prometheus with a configuration and data of its own, on a free port. Resolves when it is ready. */
export async function startPrometheus(binary: string, config: object): Promise<PrometheusServer> {
  const folder = mkdtempSync(join(tmpdir(), "similarfaces-prometheus-"));
  writeFileSync(join(folder, "prometheus.yml"), stringify(config));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    binary,
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--enable-feature=exemplar-storage",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let printed = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (printed += text));
  const exited = once(child, "exit");
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  const deadlineAtMs = Date.now() + 30_000;
  while (!(await fetch(`${url}/-/ready`).catch(() => undefined))?.ok) {
    if (child.exitCode !== null || Date.now() > deadlineAtMs) {
      await stop();
      throw new Error(`Prometheus did not become ready:\n${printed}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const api = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${url}/api/v1/${path}`);
    const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string };
    if (status !== "success") throw new Error(`${path}: ${error}`);
    return data;
  };
  const query = async (expr: string): Promise<Sample[]> => {
    const path = `query?query=${encodeURIComponent(expr)}`;
    const { result } = await api<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
      path,
    );
    return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  };
  return {
    url,
    api,
    query,
    stop,
    async untilScraped(target) {
      for (let look = 0; look < 150; look++) {
        if ((await query(`up{instance="${target}"} == 1`)).length > 0) return;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      throw new Error(`Prometheus has not scraped ${target}`);
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
