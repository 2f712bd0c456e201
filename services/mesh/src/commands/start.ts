import { parseArgs } from "node:util";
import { formatTraceparent, newTraceContext } from "@similarfaces/runtime/traceContext";
import { packFromHere } from "./paths.js";
import { readConfigOrExplain } from "./readConfigOrExplain.js";
import { startSupervisor, type Running, type Supervisor } from "../supervisor/supervisor.js";
import { createTerminal } from "../terminal/terminal.js";
import { untilSignal } from "./untilSignal.js";

const USAGE = `npm start [-- --processes | --join packs]

Starts the mesh on this machine and keeps it running until Ctrl-C.
  --processes      every service as a process of its own
  --join           serves the analyzers of these packs beside the mesh that runs already
  ANALYZER_PACKS   packs whose analyzers are served beside those of the pack in use
  MODEL_PRECISION  auto, int8 or float32; or of single models: auto,embed=float32
  PORT, HOST       where the page is served (127.0.0.1:8080, or the next free port)
  DATA_DIR         where its state lies (.data)
  LOG_LEVEL        info, debug: all that the services log, instead of one line per job`;

/** `npm start`. Resolves after Ctrl-C or SIGTERM. @returns the exit code */
export async function start(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      processes: { type: "boolean", default: false },
      join: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stderr.write(`${USAGE}\n`);
    return 0;
  }
  if (values.join !== undefined) {
    const { join } = await import("./join.js");
    return join(values.join.split(",").map(packFromHere));
  }
  return runUntilSignal({ processes: values.processes });
}

export interface RunOptions {
  processes: boolean;
  /** Called once the mesh is ready. What it returns is called before the mesh is stopped. */
  whenReady?(running: Running, supervisor: Supervisor): () => void;
}

/** The mesh on this terminal, until Ctrl-C or SIGTERM. @returns the exit code */
export async function runUntilSignal({ processes, whenReady }: RunOptions): Promise<number> {
  // Whoever reads may go away, as `npm start | head` does; the mesh stays.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const stopping = new AbortController();
  const { signalled, impatient } = untilSignal(stopping);
  const config = readConfigOrExplain(process.env);
  if (!config) return 2;
  const terminal = createTerminal({ format: config.logFormat, level: config.logLevel });
  const supervisor = await startSupervisor({
    config,
    env: process.env,
    processes,
    onLine: (program, line) => terminal.line(program, line),
    onDeath: (program, how, pauseMs) => terminal.died(program, how, pauseMs),
  });
  let end = () => {};
  try {
    const running = await Promise.race([supervisor.ready, signalled]);
    if (running) {
      announce(running);
      end = whenReady?.(running, supervisor) ?? end;
      const trace = newTraceContext();
      terminal.keepQuietAbout(trace.traceId);
      const traceparent = formatTraceparent(trace);
      const samples = { config, url: running.url, signal: stopping.signal, traceparent };
      // Its client is loaded when the mesh is ready: nobody waits for it before.
      void import("../gallery/sampleGallery.js")
        .then(({ enrolSamples }) => enrolSamples(samples))
        .then(
          ({ enrolled, remade }) => {
            if (enrolled > 0) console.log(`The sample gallery is enrolled: ${enrolled} faces of nobody.`);
            if (remade > 0)
              console.log(`The sample gallery is made anew for this embedder: ${remade} faces.`);
          },
          (error: Error) => console.error(`The sample gallery could not be enrolled: ${error.message}`),
        );
      await signalled;
    }
  } finally {
    end();
    void impatient.then(() => supervisor.stop(0));
    await supervisor.stop();
  }
  return 0;
}

function announce({ url, driver, natsServer, metricsUrl }: Running): void {
  console.log(`similarfaces is at ${url} (Ctrl-C ends it)`);
  console.log(`served by ${driver}; nats-server ${natsServer}; metrics at ${metricsUrl}`);
}
