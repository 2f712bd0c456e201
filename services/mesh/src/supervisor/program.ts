import type { ReadyNotice } from "@similarfaces/runtime";

/** What the supervisor keeps running. */
export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Services of ours tell their supervisor when they are ready, and drain when it is gone. */
  readonly isService: boolean;
}

/** What becomes of programs, told to their supervisor. */
export interface ProgramEvents {
  started(program: Program, pid: number): void;
  ready(program: Program, notice: ReadyNotice): void;
  /** A line that the program wrote to its standard output or standard error. */
  line(program: Program, line: string): void;
  /** It ended and will be started again. */
  died(program: Program, how: string, pauseMs: number): void;
  /** It will not be started again: its configuration is unusable, or it never became ready. */
  gaveUp(program: Program, how: string): void;
}
