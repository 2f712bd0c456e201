import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { trixieLoader } from "../../../services/mesh/test/otherNode.js";

const SERVER = fileURLToPath(new URL("testServer.mjs", import.meta.url));
const MIB = 1024 * 1024;

/** Small, so that what they end ends soon. */
export const LIMITS = {
  bodyBytesMax: MIB,
  bodiesBytesMax: 4 * MIB,
  bodyMs: 2_000,
  bodyWindowMs: 700,
  drainBytesMax: 2 * MIB,
  drainMs: 1_200,
};

export interface Driver {
  name: string;
  /** What the server says that it is. */
  description: RegExp;
  /** A loader of another libc, to run Node by. */
  loader?: string | undefined;
  driver: "uws" | "node";
  leftOut: string;
  isThere: boolean;
}

const loader = await trixieLoader();
/** The last Node that the older build is for. */
const OLD_NODE_MODULES = 115;

export const DRIVERS: readonly Driver[] = [
  {
    name: "the older uWebSockets.js",
    description: /uws-glibc-2-36/,
    driver: "uws",
    leftOut: "uWebSockets.js",
    isThere: Number(process.versions.modules) <= OLD_NODE_MODULES,
  },
  {
    name: "upstream's uWebSockets.js, with Debian 13's libc",
    description: /package uWebSockets\.js /,
    loader,
    driver: "uws",
    leftOut: "",
    isThere: loader !== undefined,
  },
  { name: "node:http", description: /node:http/, driver: "node", leftOut: "", isThere: true },
];

export interface Seen {
  faults: number;
  heldBytes: number;
  ran: string[];
  messages: number;
  rss: number;
  external: number;
  arrayBuffers: number;
}

export interface TestServer {
  port: number;
  description: string;
  /** What it has met up to now; fails where the process is gone. */
  seen(): Promise<Seen>;
  /** Asks it to end. @returns its exit code */
  stop(): Promise<number | null>;
}

export async function startTestServer(
  { loader, driver, leftOut }: Driver,
  limits: Partial<typeof LIMITS> = {},
): Promise<TestServer> {
  const command = loader ? [loader, "--library-path", dirname(loader), process.execPath] : [process.execPath];
  const args = [...command.slice(1), SERVER, driver, leftOut, JSON.stringify({ ...LIMITS, ...limits })];
  const child = spawn(command[0]!, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const line = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (more: string) => {
      text += more;
      if (text.includes("\n")) resolve(text);
    });
    void exited.then((code) => reject(new Error(`the server ended with ${code} before it served`)));
  });
  const { port, description, control } = JSON.parse(line) as {
    port: number;
    description: string;
    control: number;
  };
  return {
    port,
    description,
    seen: async () => (await (await fetch(`http://127.0.0.1:${control}`)).json()) as Seen,
    stop: () => {
      child.kill("SIGTERM");
      return exited;
    },
  };
}
