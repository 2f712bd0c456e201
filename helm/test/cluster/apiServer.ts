import { spawn, type ChildProcess } from "node:child_process";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { freePort } from "../../../services/runtime/test/natsServer.js";

export interface ApiServer {
  /** For Helm. */
  readonly kubeconfig: string;
  call(method: string, path: string, body?: unknown): Promise<Reply>;
  stop(): Promise<void>;
}

export interface Reply {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- the API has many shapes
  readonly body: any;
}

const START_MS_MAX = 90_000;

/** The API server on an etcd of its own: it takes, checks and keeps objects; nothing makes pods of them. */
export async function startApiServer(binaries: string): Promise<ApiServer> {
  const dir = mkdtempSync(join(tmpdir(), "similarfaces-cluster-"));
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const token = randomUUID();
  const file = (name: string, content: string) => {
    writeFileSync(join(dir, name), content, { mode: 0o600 });
    return join(dir, name);
  };
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = file("accounts.key", privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const run = (name: string, args: Record<string, string>) =>
    spawn(
      join(binaries, name),
      Object.entries(args).map(([flag, value]) => `--${flag}=${value}`),
      { stdio: ["ignore", "ignore", openSync(join(dir, `${name}.log`), "w")] },
    );
  const children: ChildProcess[] = [
    run("etcd", {
      "data-dir": join(dir, "etcd"),
      "listen-client-urls": etcdUrl,
      "advertise-client-urls": etcdUrl,
      "listen-peer-urls": `http://127.0.0.1:${peerPort}`,
      "initial-advertise-peer-urls": `http://127.0.0.1:${peerPort}`,
      "initial-cluster": `default=http://127.0.0.1:${peerPort}`,
      "unsafe-no-fsync": "true",
    }),
    run("kube-apiserver", {
      "etcd-servers": etcdUrl,
      "bind-address": "127.0.0.1",
      "advertise-address": "127.0.0.1",
      "secure-port": String(port),
      "cert-dir": dir,
      "service-cluster-ip-range": "10.0.0.0/24",
      "service-account-issuer": "https://kubernetes.default.svc",
      "service-account-key-file": key,
      "service-account-signing-key-file": key,
      "token-auth-file": file("tokens.csv", `${token},admin,admin,system:masters\n`),
      "authorization-mode": "RBAC",
    }),
  ];
  process.once("exit", () => children.forEach((child) => child.kill("SIGKILL")));

  const call = (method: string, path: string, body?: unknown) =>
    new Promise<Reply>((resolve, reject) => {
      const outgoing = request(
        // The server signs its own certificate, and is reached over loopback alone.
        { host: "127.0.0.1", port, method, path, rejectUnauthorized: false, headers: headers(token) },
        (answer) => {
          json(answer).then((read) => resolve({ status: answer.statusCode ?? 0, body: read }), reject);
        },
      );
      outgoing.once("error", reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  const endsAtMs = Date.now() + START_MS_MAX;
  for (;;) {
    const ready = await call("GET", "/apis/apps/v1").then(
      ({ status }) => status === 200,
      () => false,
    );
    if (ready) break;
    if (Date.now() > endsAtMs || children.some(({ exitCode }) => exitCode !== null)) {
      throw new Error(readFileSync(join(dir, "kube-apiserver.log"), "utf8").slice(-4_000));
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const named = (name: string, value: object) => [{ name, ...value }];
  const kubeconfig = file(
    "kubeconfig.json",
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: named("here", {
        cluster: { server: `https://127.0.0.1:${port}`, "insecure-skip-tls-verify": true },
      }),
      users: named("admin", { user: { token } }),
      contexts: named("here", { context: { cluster: "here", user: "admin" } }),
      "current-context": "here",
    }),
  );
  return {
    kubeconfig,
    call,
    async stop() {
      for (const child of children.toReversed()) {
        const exit = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGKILL");
        await exit;
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function headers(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}`, "content-type": "application/json", accept: "application/json" };
}
