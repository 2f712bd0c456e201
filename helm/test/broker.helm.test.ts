import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectBroker, provision } from "@similarfaces/runtime";
import { freePort, natsServerPath } from "../../services/runtime/test/natsServer.js";
import { EXAMPLES, HELM, ofKind, render, type Manifest } from "./render.js";

/** The three servers of the production example, on this machine: its configuration, its secrets, other addresses. */
describe.skipIf(!HELM)("the chart's broker (helm, built by Go)", () => {
  const dir = mkdtempSync(join(tmpdir(), "similarfaces-chart-broker-"));
  const servers: ChildProcess[] = [];
  let passwords: Record<string, string>;
  let ports: number[];
  beforeAll(async () => {
    const manifests = render(EXAMPLES["eks-production"]!);
    const [auth, certificate] = ofKind(manifests, "Secret");
    passwords = decoded(auth);
    for (const [name, text] of Object.entries(decoded(certificate))) writeFileSync(join(dir, name), text);
    const { data } = ofKind(manifests, "ConfigMap").find((map) => map.data["nats.conf"]);
    ports = await Promise.all([0, 1, 2].map(() => freePort()));
    const routes = await Promise.all([0, 1, 2].map(() => freePort()));
    const route = (port: number) => `"nats://cluster:${passwords["cluster"]}@127.0.0.1:${port}"`;
    for (const i of [0, 1, 2]) {
      const store = join(dir, `nats-${i}`);
      mkdirSync(store);
      const config = data["nats.conf"]
        .replaceAll("/etc/nats-tls", dir)
        .replace('"/data"', JSON.stringify(store))
        .replace('"0.0.0.0:4222"', `"127.0.0.1:${ports[i]}"`)
        .replace('"0.0.0.0:6222"', `"127.0.0.1:${routes[i]}"`)
        .replace(/^http:.*$/m, "")
        .replace("/tmp/nats.pid", join(store, "nats.pid"));
      writeFileSync(join(store, "nats.conf"), config);
      const env = {
        ...Object.fromEntries(
          Object.entries(passwords).map(([user, password]) => [
            `NATS_PASSWORD_${user.toUpperCase().replaceAll("-", "_")}`,
            password,
          ]),
        ),
        ...Object.fromEntries(routes.map((port, n) => [`NATS_ROUTE_${n}`, route(port)])),
        SERVER_NAME: `nats-${i}`,
      };
      servers.push(spawn(natsServerPath(), ["-c", join(store, "nats.conf")], { env, stdio: "ignore" }));
    }
  });
  afterAll(async () => {
    for (const server of servers) {
      const exited = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGKILL");
      await exited;
    }
    rmSync(dir, { recursive: true, force: true });
  });

  const broker = (user: string, caFile: string | undefined = join(dir, "ca.crt")) =>
    connectBroker({
      url: ports.map((port) => `tls://127.0.0.1:${port}`).join(","),
      name: "test",
      user,
      password: passwords[user],
      caFile,
      signal: AbortSignal.timeout(20_000),
    });

  it("agrees over TLS and with passwords among its servers, and keeps three copies", async () => {
    const own = await broker("provision");
    try {
      const stages = ["extract"] as const;
      await expect
        .poll(
          () => provision(own, { replicas: 3, jobTtlMs: 60_000, stages }).then(() => "provisioned", String),
          {
            timeout: 30_000,
          },
        )
        .toBe("provisioned");
      await expect
        .poll(
          async () =>
            (await own.jsm.streams.info("SF_RESULTS")).cluster?.replicas?.map(({ current }) => current),
          {
            timeout: 15_000,
          },
        )
        .toEqual([true, true]);
    } finally {
      await own.close();
    }
  });

  it("lets a stage do its own work and no other's", async () => {
    const own = await broker("age");
    try {
      await expect(own.jsm.streams.purge("SF_RESULTS")).rejects.toThrow(/permission/i);
      await expect(own.jsm.consumers.info("SF_IMAGES", "extract")).rejects.toThrow(/permission/i);
    } finally {
      await own.close();
    }
  });
});

function decoded({ data }: Manifest): Record<string, string> {
  return Object.fromEntries(
    Object.entries<string>(data).map(([name, value]) => [name, Buffer.from(value, "base64").toString()]),
  );
}
