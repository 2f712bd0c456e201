import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goTool } from "./goTool.js";
import { freePort } from "./natsServer.js";

/** A real S3 server on a folder of its own, with one empty bucket. */
export interface S3Server {
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  stop(): Promise<void>;
}

/** A server that runs already: its endpoint, and an empty bucket and keys in the usual variables. */
const { S3_TEST_ENDPOINT, S3_BUCKET, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;

/** The path of versitygw, or undefined where it cannot be had; the endpoint where S3_TEST_ENDPOINT names one. */
export const s3ServerPath = async (): Promise<string | undefined> =>
  S3_TEST_ENDPOINT ?? goTool("github.com/versity/versitygw/cmd/versitygw", "v1.8.0");

/** Set where the server is another's, whose policies are not ours to change. */
export const isForeignS3 = S3_TEST_ENDPOINT !== undefined;

export interface S3ServerOptions {
  /** The bucket may keep versions, once it is told to. */
  versions?: boolean;
}

export async function startS3Server(path: string, options: S3ServerOptions = {}): Promise<S3Server> {
  if (S3_TEST_ENDPOINT) {
    return {
      endpoint: S3_TEST_ENDPOINT,
      bucket: S3_BUCKET ?? "",
      accessKeyId: AWS_ACCESS_KEY_ID ?? "",
      secretAccessKey: AWS_SECRET_ACCESS_KEY ?? "",
      stop: async () => {},
    };
  }
  const dir = await mkdtemp(join(tmpdir(), "similarfaces-s3-"));
  const port = await freePort();
  const server = {
    endpoint: `http://127.0.0.1:${port}`,
    bucket: "similarfaces",
    accessKeyId: "test",
    secretAccessKey: "test-secret",
  };
  mkdirSync(join(dir, "buckets", server.bucket), { recursive: true });
  for (const folder of ["metadata", "versions", "users"]) mkdirSync(join(dir, folder));
  // Metadata beside the objects: a temporary file system need not have extended attributes.
  const global = ["--port", `127.0.0.1:${port}`, "--quiet", "--iam-dir", join(dir, "users")];
  const args = [...global, "posix", "--sidecar", join(dir, "metadata")];
  if (options.versions) args.push("--versioning-dir", join(dir, "versions"));
  const child = spawn(path, [...args, join(dir, "buckets")], {
    stdio: "ignore",
    env: {
      ...process.env,
      ROOT_ACCESS_KEY: server.accessKeyId,
      ROOT_SECRET_KEY: server.secretAccessKey,
    },
  });
  const killed = () => child.kill("SIGKILL");
  process.once("exit", killed);
  await untilAnswers(server.endpoint, child);
  return {
    ...server,
    async stop() {
      process.off("exit", killed);
      const exit = new Promise((resolve) => child.once("exit", resolve));
      killed();
      await exit;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function untilAnswers(endpoint: string, child: ChildProcess): Promise<void> {
  while (!(await fetch(endpoint).then(Boolean, () => false))) {
    const { exitCode, signalCode } = child;
    if (exitCode !== null || signalCode) {
      throw new Error(`the S3 server ended with ${signalCode ?? exitCode}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
