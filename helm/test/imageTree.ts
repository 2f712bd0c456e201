import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./programs.js";

const ASSEMBLE = join(ROOT, "helm/image/assemble.sh");

/** The tree of an image, as the Dockerfile assembles it, in a folder of this machine. */
export interface ImageTree {
  readonly path: string;
  remove(): void;
}

/** @throws Error when a step of the assembly fails; nothing is left of it then */
export function assembleTree(target: string): ImageTree {
  const dir = mkdtempSync(join(tmpdir(), "similarfaces-image-"));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  // Whoever runs it is not who made it.
  chmodSync(dir, 0o755);
  const path = join(dir, target);
  try {
    execFileSync(ASSEMBLE, [target, path], { stdio: ["ignore", "ignore", "inherit"] });
  } catch (error) {
    remove();
    throw error;
  }
  return { path, remove };
}
