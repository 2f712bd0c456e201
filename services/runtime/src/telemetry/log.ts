import { Writable } from "node:stream";
import { pino, type Logger } from "pino";

export type Log = Logger;

export interface LogOptions {
  service: string;
  level: string;
  /** `pretty`: one short line per entry, for a terminal; `auto`: that where standard error is one. */
  format?: "auto" | "json" | "pretty";
}

/**
 * Logs to standard error. Codes, counts and times only: never pixels, landmarks, embeddings or names of people.
 */
export function createLog({ service, level, format = "auto" }: LogOptions): Log {
  const options = { level, base: { service } };
  const pretty = format === "pretty" || (format === "auto" && process.stderr.isTTY);
  return pretty ? pino(options, prettyStream()) : pino(options, pino.destination({ dest: 2, sync: false }));
}

const HIDDEN = new Set(["level", "time", "service", "msg", "err"]);
const LEVELS: Record<number, string> = {
  10: "trace",
  20: "debug",
  30: "",
  40: "warn ",
  50: "error ",
  60: "fatal ",
};

function prettyStream(): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const { level, time, service, msg, err, ...rest } = JSON.parse(chunk.toString("utf8")) as {
        level: number;
        time: number;
        service: string;
        msg?: string;
        err?: { message?: string; stack?: string };
      } & Record<string, unknown>;
      const fields = Object.entries(rest)
        .filter(([key]) => !HIDDEN.has(key))
        .map(([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
        .join("");
      const clock = new Date(time).toISOString().slice(11, 23);
      const fault = err ? `\n  ${err.stack ?? err.message ?? ""}` : "";
      process.stderr.write(`${clock} ${service} ${LEVELS[level] ?? ""}${msg ?? ""}${fields}${fault}\n`);
      done();
    },
  });
}
