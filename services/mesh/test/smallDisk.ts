import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REQUIRE_ALL } from "../../runtime/test/goTool.js";

/** A file system of its own that is small enough to be filled. */
export interface SmallDisk {
  readonly dir: string;
  /** Leaves no byte free. */
  fill(): void;
  free(): void;
  /** Unmounts and removes it. Whatever runs on it must have ended. */
  remove(): void;
}

/** A tmpfs of 64 MB; undefined where mounting is not allowed. @throws Error instead, where everything is required */
export function mountSmallDisk(): SmallDisk | undefined {
  const dir = mkdtempSync(join(tmpdir(), "similarfaces-disk-"));
  const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", dir], {
    encoding: "utf8",
  });
  if (status !== 0) {
    rmSync(dir, { recursive: true });
    if (REQUIRE_ALL) throw new Error(`no file system could be mounted: ${stderr}`);
    return undefined;
  }
  const ballast = join(dir, "ballast");
  return {
    dir,
    fill() {
      const file = openSync(ballast, "a");
      try {
        // Others write meanwhile: full is where nothing more goes in.
        for (const block of [Buffer.alloc(1024 * 1024), Buffer.alloc(4_096)]) while (fits(file, block));
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(ballast),
    remove() {
      execFileSync("umount", ["--lazy", dir]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function fits(file: number, block: Uint8Array): boolean {
  try {
    return writeSync(file, block) === block.length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") return false;
    throw error;
  }
}
