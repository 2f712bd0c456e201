import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { startTestMesh, type TestMesh } from "./mesh.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** A mesh for a file of tests, and for each test an empty gallery and an empty folder. */
export function meshWithGallery() {
  let mesh: TestMesh;
  let folder: string;

  beforeAll(async () => {
    mesh = await startTestMesh();
  });
  afterAll(() => mesh?.stop());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "similarfaces-people-"));
    const { identities } = await api<{ identities: { id: string }[] }>("identities");
    for (const { id } of identities) await api(`identities/${id}`, "DELETE");
    return () => rm(folder, { recursive: true, force: true });
  });

  /** `npm run gallery -- ...`, on the running mesh. */
  function gallery(...args: string[]): Promise<Ran> {
    return new Promise((resolve) => {
      const command = [MAIN, "gallery", ...args, "--url", mesh.url];
      const child = execFile(process.execPath, command, (_, stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, stdout, stderr }),
      );
    });
  }

  /** A file in the test's folder. */
  async function put(path: string, bytes: Uint8Array | string): Promise<void> {
    const whole = join(folder, path);
    await mkdir(dirname(whole), { recursive: true });
    await writeFile(whole, bytes);
  }

  async function api<T>(path: string, method = "GET"): Promise<T> {
    return (await (await fetch(`${mesh.url}/v1/gallery/${path}`, { method })).json()) as T;
  }

  return {
    url: () => mesh.url,
    inFolder: (...path: string[]) => join(folder, ...path),
    gallery,
    put,
    api,
    importing: (...args: string[]) => gallery("import", folder, "--consent", "signed 2026", ...args),
    statistics: () => api<{ identities: number; faces: number }>("statistics"),
  };
}
