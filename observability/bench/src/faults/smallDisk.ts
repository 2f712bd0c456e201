import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guard } from "@similarfaces/mesh";

/** A folder on a file system of its own that can be filled. */
export interface SmallDisk {
  readonly folder: string;
  /** Until not a byte is left. */
  fill(): void;
  free(): void;
  remove(): void;
}

const MIB = 1024 * 1024;

/** @returns undefined where nothing may be mounted here: on Linux that needs root */
export function smallDisk(mib: number): SmallDisk | undefined {
  const mountPoint = mkdtempSync(join(tmpdir(), "similarfaces-disk-"));
  const guarding = guard({ dataDir: mountPoint, isMounted: true });
  const { status } = spawnSync(
    "mount",
    ["-t", "tmpfs", "-o", `size=${mib}m,mode=700`, "similarfaces", mountPoint],
    {
      stdio: "ignore",
    },
  );
  const remove = () => {
    if (status === 0) spawnSync("umount", [mountPoint], { stdio: "ignore" });
    rmSync(mountPoint, { recursive: true, force: true });
    guarding.release();
  };
  if (status !== 0) {
    remove();
    return undefined;
  }
  // A mesh removes its folder when it ends, and a mount point cannot be removed.
  const folder = join(mountPoint, "data");
  mkdirSync(folder, { mode: 0o700 });
  const ballast = join(mountPoint, "ballast");
  return {
    folder,
    fill() {
      const file = openSync(ballast, "w");
      // By pages at the end: the smallest piece that a tmpfs allots.
      for (const bytes of [Buffer.alloc(MIB), Buffer.alloc(4_096)]) {
        try {
          while (writeSync(file, bytes) > 0);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        }
      }
      closeSync(file);
    },
    free: () => rmSync(ballast, { force: true }),
    remove,
  };
}
