import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

it("runs graphs without the runtime's telemetry, which would leave an identifier in the home folder", () => {
  const home = mkdtempSync(join(tmpdir(), "similarfaces-home-"));
  try {
    const program = `import("@similarfaces/inference")
      .then(({ openInference }) => openInference({ modelsDir: "models", models: ["age"], pack: "compact", workers: 1 }))
      .then((inference) => inference.close());`;
    const { ORT_DISABLE_TELEMETRY: _, CI: __, ...env } = process.env;
    execFileSync(process.execPath, ["--eval", program], {
      cwd: ROOT,
      env: { ...env, HOME: home, XDG_CACHE_HOME: join(home, ".cache"), XDG_DATA_HOME: join(home, ".local") },
      stdio: ["ignore", "ignore", "inherit"],
    });
    expect(readdirSync(home)).toEqual([]);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
