import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** What processes have used: CPU time since each began, memory held now. */
export interface Usage {
  cpuSeconds: number;
  residentBytes: number;
}

/** The sum over those of the processes that run. */
export function usageOf(pids: readonly number[]): Usage {
  const usages = pids.map((pid) => (existsSync("/proc/self/stat") ? fromProc(pid) : fromPs(pid)));
  return {
    cpuSeconds: usages.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    residentBytes: usages.reduce((sum, { residentBytes }) => sum + residentBytes, 0),
  };
}

const NONE: Usage = { cpuSeconds: 0, residentBytes: 0 };
/** Both are fixed in Linux' interface to programs on the platforms that Node runs on. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** proc_pid_stat(5): fields 14 and 15 are user and system time in ticks, 24 the resident pages. */
function fromProc(pid: number): Usage {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the name, which may have spaces.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [user, system, pages] = [fields[11], fields[12], fields[21]].map(Number);
    return { cpuSeconds: (user! + system!) / TICKS_PER_SECOND, residentBytes: pages! * PAGE_BYTES };
  } catch {
    return NONE;
  }
}

/** For macOS, whose `ps` tells hundredths: "1:02:03.45". */
function fromPs(pid: number): Usage {
  try {
    const line = execFileSync("ps", ["-o", "time=,rss=", "-p", String(pid)], { encoding: "utf8" });
    const [time = "", kibibytes = "0"] = line.trim().split(/\s+/);
    const cpuSeconds = time.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
    return { cpuSeconds, residentBytes: Number(kibibytes) * 1024 };
  } catch {
    return NONE;
  }
}
