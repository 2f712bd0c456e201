import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { obtained } from "../../../services/mesh/test/otherNode.js";

const execute = promisify(execFile);

/** The path of an nginx: of the PATH, or unpacked from the distribution's package without installing it. Undefined where neither is. */
export async function nginxProgram(): Promise<string | undefined> {
  const there = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"].map((dir) =>
    join(dir, "nginx"),
  );
  return (
    there.find((path) => existsSync(path)) ??
    obtained("nginx", "root/usr/sbin/nginx", async (folder) => {
      const lists = existsSync("/var/lib/apt/lists") ? readdirSync("/var/lib/apt/lists") : [];
      if (!lists.some((name) => name.includes("_Packages"))) await execute("apt-get", ["update", "-qq"]);
      await execute("apt-get", ["download", "-qq", "nginx"], { cwd: folder });
      const archive = readdirSync(folder).find((name) => name.endsWith(".deb"))!;
      await execute("dpkg-deb", ["-x", archive, "root"], { cwd: folder });
      rmSync(join(folder, archive));
      await execute(join(folder, "root/usr/sbin/nginx"), ["-v"]);
    })
  );
}

export interface Nginx {
  port: number;
  stop(): Promise<void>;
}

/** An nginx with these lines in its server block, of which `http://127.0.0.1:8080` is the gateway. */
export async function startNginx(program: string, lines: string, gatewayPort: number): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), "similarfaces-nginx-"));
  const port = await freePort();
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join("\n  ");
  const config = `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events {}
http {
  access_log off;
  ${paths}
  server {
    listen 127.0.0.1:${port};
    ${lines.replaceAll("127.0.0.1:8080", `127.0.0.1:${gatewayPort}`)}
  }
}`;
  writeFileSync(join(folder, "nginx.conf"), config);
  const child = spawn(
    program,
    ["-p", folder, "-e", join(folder, "error.log"), "-c", join(folder, "nginx.conf")],
    {
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  for (;;) {
    const isThere = await fetch(`http://127.0.0.1:${port}/ran`).then(
      () => true,
      () => false,
    );
    if (isThere) break;
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    port,
    async stop() {
      child.kill("SIGTERM");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
