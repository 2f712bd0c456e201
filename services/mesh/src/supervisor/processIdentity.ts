import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A process by more than its number, which another one may have by now. */
export interface ProcessIdentity {
  pid: number;
  /** When it began, in whatever form the system says it. */
  began: string;
}

/** Undefined where there is no such process. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const began = process.platform === "linux" ? beganOnLinux(pid) : beganElsewhere(pid);
  return began === undefined ? undefined : { pid, began };
}

export function isAlive({ pid, began }: ProcessIdentity): boolean {
  return identityOf(pid)?.began === began;
}

/** Ends it: SIGTERM, and SIGKILL for what is still there after `graceMs`. Resolves when it is gone. */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  const deadlineAtMs = Date.now() + graceMs;
  signal(identity, "SIGTERM");
  while (isAlive(identity)) {
    if (Date.now() > deadlineAtMs) signal(identity, "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  try {
    if (isAlive(identity)) process.kill(identity.pid, name);
  } catch {
    // Gone between the look and the signal.
  }
}

/** Clock ticks from the machine's start to the process's: the 22nd field of its stat, proc(5). A zombie is dead. */
function beganOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the name, is in brackets and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function beganElsewhere(pid: number): string | undefined {
  const { stdout } = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" });
  return stdout?.trim() || undefined;
}
