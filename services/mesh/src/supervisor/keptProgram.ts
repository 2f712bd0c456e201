import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { ReadyNotice } from "@similarfaces/runtime";
import type { Program, ProgramEvents } from "./program.js";

/**
 * Pauses before the restarts of a program that ends before it is ready, one after another; the last is repeated. They are short, because
 * jobs have a deadline and none of them goes on while the broker is away. A program that had been ready is started at once.
 */
const PAUSES_MS = [0, 250, 500, 1_000, 2_000];
/** What ends this often before it was ready for the first time will not become so. */
const FAILED_STARTS_MAX = 3;
/** A program that is no service sends no notice: it counts as ready when it has run for this long, or others have worked with it. */
const READY_AFTER_MS = 1_000;
/** Of a service: its configuration is unusable (runService). */
const EXIT_BAD_CONFIG = 2;

/** A program that is started again whenever it ends, until it is stopped. */
export class KeptProgram {
  readonly program: Program;
  readonly #events: ProgramEvents;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #restart: NodeJS.Timeout | undefined;
  #startedAtMs = 0;
  #deathsInARow = 0;
  #wasReady = false;
  /** In the life of the child that runs now. */
  #isReady = false;
  #stopped = false;
  /** Set while an end is our own wish, not a death. */
  #isRestarting = false;

  constructor(program: Program, events: ProgramEvents) {
    this.program = program;
    this.#events = events;
  }

  start(): void {
    const { command, args, env, isService } = this.program;
    this.#startedAtMs = Date.now();
    this.#isReady = false;
    const child = spawn(command, args, {
      env,
      // A process group of its own: Ctrl-C reaches the supervisor alone, which stops the broker after the services.
      detached: true,
      stdio: ["ignore", "pipe", "pipe", ...(isService ? (["ipc"] as const) : [])],
    });
    this.#child = child;
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on("line", (line) => this.#events.line(this.program, line));
    }
    child.on("message", (notice) => {
      this.#wasReady = this.#isReady = true;
      this.#events.ready(this.program, notice as ReadyNotice);
    });
    this.#exited = new Promise((resolve) => {
      child.once("error", (error) => {
        this.#ended(undefined, error.message);
        resolve();
      });
      child.once("exit", (code, signal) => {
        this.#ended(code, signal === null ? `ended with code ${code}` : `was ended by ${signal}`);
        resolve();
      });
    });
    if (child.pid !== undefined) this.#events.started(this.program, child.pid);
  }

  /** Others have worked with it: its start is no failed one, however soon it ends. */
  hasServed(): void {
    this.#wasReady = this.#isReady = true;
  }

  /** Ends it in its own way and starts it anew, as after a change of its code. */
  async restart(graceMs: number): Promise<void> {
    if (this.#stopped || this.#isRestarting) return;
    clearTimeout(this.#restart);
    this.#isRestarting = true;
    await this.#end(graceMs);
    this.#isRestarting = false;
    if (!this.#stopped) this.start();
  }

  /** SIGTERM, and SIGKILL after `graceMs`; resolves when it is gone. May be called twice: the shorter grace counts. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#restart);
    await this.#end(graceMs);
  }

  async #end(graceMs: number): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), graceMs);
    await this.#exited;
    clearTimeout(force);
  }

  #ended(code: number | null | undefined, how: string): void {
    this.#child = undefined;
    if (this.#stopped || this.#isRestarting) return;
    const { isService } = this.program;
    const livedMs = Date.now() - this.#startedAtMs;
    if (!isService && livedMs > READY_AFTER_MS) this.#wasReady = this.#isReady = true;
    if (this.#isReady) this.#deathsInARow = 0;
    const pauseMs = PAUSES_MS[Math.min(this.#deathsInARow++, PAUSES_MS.length - 1)]!;
    const isHopeless = !this.#wasReady && this.#deathsInARow >= FAILED_STARTS_MAX;
    if (isHopeless || (isService && code === EXIT_BAD_CONFIG)) return this.#events.gaveUp(this.program, how);
    this.#events.died(this.program, how, pauseMs);
    this.#restart = setTimeout(() => this.start(), pauseMs);
  }
}
