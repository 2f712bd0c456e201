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

export async function startS3Server(path: string): Promise<S3Server> {
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
  mkdirSync(join(dir, "metadata"));
  // Metadata beside the objects: a temporary file system need not have extended attributes.
  const args = ["--port", `127.0.0.1:${port}`, "--quiet", "posix", "--sidecar", join(dir, "metadata")];
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
