/** How the log lines of the services are shown at a terminal: by default which models run, one line per job, and what went wrong. */
export interface TerminalOptions {
  /** `json` passes every line on as it came, for whoever collects logs; `auto` does so where standard error is no terminal. */
  format: "auto" | "json" | "pretty";
  /** Undefined: models, jobs and faults alone. Otherwise all that the services write at this level. */
  level: string | undefined;
}

export interface Terminal {
  /** A line of a program's standard output or error. */
  line(program: string, line: string): void;
  died(program: string, how: string, pauseMs: number): void;
  /** Jobs of this trace, which the mesh itself sends, get a line only where they went wrong. */
  keepQuietAbout(traceId: string): void;
}

/** pino's numbers. */
const WARN = 40;
const ERROR = 50;

interface Entry extends Record<string, unknown> {
  level: number;
  time: number;
  service: string;
  msg?: string;
  err?: { message?: string; stack?: string };
}

interface EndedJob {
  jobId: string;
  traceId: string;
  outcome: string;
  faces: number;
  elapsedMs: number;
  failures: { stage: string; code: string }[];
}

export function createTerminal({ format, level }: TerminalOptions): Terminal {
  const quietTraces = new Set<string>();
  const isJson = format === "json" || (format === "auto" && !process.stderr.isTTY);
  const describe = (entry: Entry): string | undefined => {
    if (level !== undefined) return describeEntry(entry);
    if (entry.msg === "job ended") {
      const job = entry as unknown as EndedJob;
      const isQuiet = job.outcome === "complete" && quietTraces.has(job.traceId);
      return isQuiet ? undefined : describeJob(entry.time, job);
    }
    if (entry.msg?.startsWith("models: ")) return `${clock(entry.time)}  ${entry.msg}`;
    // What went wrong with one job is in that job's line.
    const isWorthIt = entry.level >= ERROR || (entry.level >= WARN && entry["jobId"] === undefined);
    return isWorthIt ? describeEntry(entry) : undefined;
  };
  return {
    line(program, line) {
      if (isJson) return void process.stderr.write(`${line}\n`);
      const entry = parse(line);
      const text = entry ? describe(entry) : `${program}: ${line}`;
      if (text === undefined) return;
      const stream = entry && entry.level < WARN && level === undefined ? process.stdout : process.stderr;
      stream.write(`${text}\n`);
    },
    died(program, how, pauseMs) {
      const again = pauseMs > 0 ? ` in ${pauseMs / 1_000} s` : "";
      process.stderr.write(`${clock(Date.now())}  ${program} ${how}; it is started again${again}\n`);
    },
    keepQuietAbout: (traceId) => void quietTraces.add(traceId),
  };
}

function describeJob(time: number, { jobId, outcome, faces, elapsedMs, failures }: EndedJob): string {
  const what = `${faces} face${faces === 1 ? "" : "s"}`.padStart(8);
  const codes = [...new Set(failures.map(({ stage, code }) => `${stage} ${code}`))].join(", ");
  const how = outcome === "complete" ? "" : `  ${outcome}${codes ? `: ${codes}` : ""}`;
  return `${clock(time)}  ${what}  ${String(Math.round(elapsedMs)).padStart(6)} ms  job ${jobId}${how}`;
}

function describeEntry({ level, time, service, msg = "", err, ...rest }: Entry): string {
  const fields = Object.entries(rest).map(
    ([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  // The stack is for those who asked to see more.
  const fault = err?.message ? `: ${err.message}` : "";
  const severity = level >= ERROR ? "error: " : level >= WARN ? "warning: " : "";
  return `${clock(time)}  ${service}: ${severity}${msg}${fields.join("")}${fault}`;
}

function clock(time: number): string {
  return new Date(time).toTimeString().slice(0, 8);
}

function parse(line: string): Entry | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return undefined;
  }
}
