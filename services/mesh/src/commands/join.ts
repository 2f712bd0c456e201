import { findAnalyzers } from "@similarfaces/inference";
import { packsOf } from "@similarfaces/inference/settings";
import { SetupError, orSetupError } from "../setupError.js";
import type { SupervisorConfig } from "../supervisor/config.js";
import { KeptProgram } from "../supervisor/keptProgram.js";
import { analyzerProgram } from "../supervisor/programs.js";
import { readRunState, type RunState } from "../supervisor/runState.js";
import { createTerminal } from "../terminal/terminal.js";
import { readConfigOrExplain } from "./readConfigOrExplain.js";
import { untilSignal } from "./untilSignal.js";

const CHECK_EVERY_MS = 1_000;

/**
 * `npm start -- --join <packs>`: serves the analyzers of these packs beside the mesh that runs on this data folder, each as a process of
 * its own, until Ctrl-C or until that mesh ends. Its pages show them as soon as they are announced.
 * @returns the exit code
 * @throws SetupError where no mesh runs, or a pack is refused
 */
export async function join(packs: readonly string[]): Promise<number> {
  const { signalled, impatient } = untilSignal(new AbortController());
  const config = readConfigOrExplain(process.env);
  if (!config) return 2;
  const mesh = readRunState(config.dataDir);
  if (!mesh) {
    throw new SetupError(
      `No mesh runs on ${config.dataDir}. Start one with these analyzers: ANALYZER_PACKS=${packs.join(",")} npm start`,
    );
  }
  const names = await analyzersOf(packs, config);
  const terminal = createTerminal({ format: config.logFormat, level: config.logLevel });
  let giveUp: (error: Error) => void;
  const gaveUp = new Promise<never>((_, reject) => (giveUp = reject));
  const programs = names.map(
    (name) =>
      new KeptProgram(analyzerProgram(name, environment(mesh, [...config.analyzerPacks, ...packs])), {
        started: () => {},
        ready: () => console.log(`${name} is served${mesh.url ? ` at ${mesh.url}` : ""} (Ctrl-C ends it)`),
        line: (program, line) => terminal.line(program.name, line),
        died: (program, how, pauseMs) => terminal.died(program.name, how, pauseMs),
        gaveUp: (_, how) => giveUp(new SetupError(`${name} ${how} and is not started again`)),
      }),
  );
  const leaving = untilGone(config.dataDir, mesh);
  for (const program of programs) program.start();
  const stop = (graceMs: number) => Promise.all(programs.map((program) => program.stop(graceMs)));
  try {
    await Promise.race([signalled, gaveUp, leaving.gone]);
  } finally {
    leaving.close();
    void impatient.then(() => stop(0));
    await stop(config.forceMs);
  }
  return 0;
}

/** The names of those that the packs add to what is in use anyway. @throws SetupError in the words in which one is refused */
async function analyzersOf(packs: readonly string[], config: SupervisorConfig): Promise<string[]> {
  const choice = packsOf(config);
  return orSetupError(async () => {
    const inUse = await findAnalyzers(choice);
    const all = await findAnalyzers({ ...choice, analyzerPacks: [...config.analyzerPacks, ...packs] });
    return all.map(({ name }) => name).filter((name) => !inUse.some((other) => other.name === name));
  });
}

/** As the broker's owner, whose password lies in the data folder: the broker knows no user of a name that it was not started with. */
function environment(
  { natsUrl, natsUser, natsPassword }: RunState,
  analyzerPacks: readonly string[],
): NodeJS.ProcessEnv {
  return {
    ...process.env,
    LOG_FORMAT: "json",
    ANALYZER_PACKS: analyzerPacks.join(","),
    NATS_URL: natsUrl,
    ...(natsUser && natsPassword ? { NATS_USER: natsUser, NATS_PASSWORD: natsPassword } : {}),
  };
}

/** The next mesh on this data folder has a broker on another port, with other passwords. */
function untilGone(dataDir: string, { natsUrl }: RunState): { gone: Promise<void>; close(): void } {
  let timer: NodeJS.Timeout;
  const gone = new Promise<void>((resolve) => {
    timer = setInterval(() => {
      if (readRunState(dataDir)?.natsUrl === natsUrl) return;
      console.log("The mesh has ended.");
      resolve();
    }, CHECK_EVERY_MS);
  });
  return { gone, close: () => clearInterval(timer) };
}
