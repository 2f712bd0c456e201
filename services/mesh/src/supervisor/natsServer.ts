import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import {
  ANY_ANALYZER,
  BROKER_PROGRAMS,
  inboxPrefixOf,
  permissionsOf,
  permissionsOfAll,
  type BrokerUser,
} from "@similarfaces/contracts/brokerUsers";
import { authorizationConfig } from "@similarfaces/contracts/brokerConfig";
import type { StageName } from "@similarfaces/contracts/stages";
import { anyFreePort } from "./ports.js";
import type { Program } from "./program.js";

/** A program's own user at the broker. */
export interface BrokerLogin {
  user: string;
  password: string;
}

export interface NatsServer {
  program: Program;
  url: string;
  /** Of a service, of the mesh in one process, of the supervisor, or of the machine's owner, who may do everything. */
  loginOf(name: BrokerUser | "mesh" | "supervisor" | "operator"): BrokerLogin;
}

export const NATS_SERVER = "nats-server";
/** More than all streams and stores reserve (some 20 GB): without it 3/4 of the free disk would be the limit. */
const FILE_STORE_MAX = "100GB";

/**
 * Chips pass through the broker as garbage, over a heap of a few MiB: collecting at twice that takes a fifth of its processor
 * time. Blocks of its streams that it holds make the heap larger under load: beyond the limit it collects sooner (350 to 530 MiB resident
 * without one). And a thread more than it needs is one that is woken for every message and finds nothing to do.
 */
const GO_RUNTIME = {
  GOGC: "400",
  GOMEMLIMIT: "256MiB",
  GOMAXPROCS: String(Math.max(1, Math.floor(availableParallelism() / 4))),
};

/**
 * JetStream on disk under the data folder, on loopback, for users with passwords of this start: every program, and the analyzers that
 * are processes of their own. Written afresh on every start.
 */
export async function natsServer(
  dataDir: string,
  binary: string,
  analyzers: readonly StageName[] = [],
): Promise<NatsServer> {
  const port = await anyFreePort("127.0.0.1");
  const logins = newLogins(analyzers);
  const storeDir = join(dataDir, "jetstream");
  mkdirSync(storeDir, { recursive: true, mode: 0o700 });
  const config = join(dataDir, "nats-server.conf");
  const lines = [
    `server_name: "similarfaces"`,
    `listen: "127.0.0.1:${port}"`,
    authorizationConfig(
      logins.map(({ password, ...login }) => ({ ...login, password: JSON.stringify(password) })),
    ),
    `max_payload: 1MB`,
    `jetstream { store_dir: ${JSON.stringify(storeDir)}, max_memory_store: 256MB, max_file_store: ${FILE_STORE_MAX} }`,
    `log_file: ${JSON.stringify(join(dataDir, "nats-server.log"))}`,
    `logfile_size_limit: 10MB`,
  ];
  writeFileSync(config, `${lines.join("\n")}\n`, { mode: 0o600 });
  const program = {
    name: NATS_SERVER,
    ...asBatch(binary, ["-c", config]),
    env: { ...GO_RUNTIME, ...process.env },
    isService: false,
  };
  const loginOf = (name: string) => logins.find(({ user }) => user === name)!;
  return { program, url: `nats://127.0.0.1:${port}`, loginOf };
}

function newLogins(analyzers: readonly StageName[]) {
  const ask = {
    publish: ["$JS.API.INFO"],
    subscribe: [`${inboxPrefixOf("supervisor")}.>`],
    allowResponses: false,
  };
  return [
    ...[...BROKER_PROGRAMS, ...analyzers].map((user) => ({ user, permissions: permissionsOf(user) })),
    { user: "mesh", permissions: permissionsOfAll("mesh", [...BROKER_PROGRAMS, ANY_ANALYZER]) },
    { user: "supervisor", permissions: ask },
    { user: "operator" },
  ].map((login) => ({ ...login, password: randomBytes(24).toString("base64url") }));
}

/**
 * Where the system has a batch class (Linux; `chrt` is util-linux's), the broker runs in it: while others compute, a message does
 * not interrupt them, and the broker is switched to once for several. On an idle machine it is the same.
 */
function asBatch(command: string, args: readonly string[]): Pick<Program, "command" | "args"> {
  const batch = ["--batch", "0"];
  const isOffered = spawnSync("chrt", [...batch, "true"], { stdio: "ignore" }).status === 0;
  return isOffered ? { command: "chrt", args: [...batch, command, ...args] } : { command, args };
}
