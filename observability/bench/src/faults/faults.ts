import { seededRandom, type MixPhoto } from "@similarfaces/load";
import { brokerAway } from "./brokerAway.js";
import { diskFull } from "./diskFull.js";
import { floodTrials } from "./floodTrials.js";
import { kills } from "./kills.js";
import { isAsWanted, trialLine, TRIAL_HEAD } from "./report.js";
import { rude } from "./rude.js";
import { smallDisk } from "./smallDisk.js";
import { trial, type Trial, type TrialOptions } from "./trial.js";

export const FAULT_KINDS = ["floods", "kills", "broker", "rude", "disk"] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface FaultsOptions {
  photos: readonly MixPhoto[];
  only: readonly FaultKind[];
  seed: number;
  /** Of each trial with kills; of the others fewer, in proportion. */
  jobs: number;
  clients: number;
}

export interface FaultsReport {
  trials: Trial[];
  /** Kinds that this machine does not allow, and why. */
  notRun: string[];
  asWanted: boolean;
}

/** The gateway's own default. */
const DEADLINE_MS = 60_000;
const KILL_EVERY_MS = 2_000;
/** Ten minutes of them. */
const KILLS_MAX = 300;
const DISK_MIB = 256;
const DISK_FULL_MS = 10_000;

/** Everything that may go wrong, one trial after another on a mesh of its own each. Prints as it goes. */
export async function benchFaults(options: FaultsOptions): Promise<FaultsReport> {
  const { photos, only, seed, jobs, clients } = options;
  const report: FaultsReport = { trials: [], notRun: [], asWanted: true };
  const usual: Omit<TrialOptions, "name"> = { photos, deadlineMs: DEADLINE_MS };
  console.log(`seed ${seed}\n${TRIAL_HEAD}`);
  const onTrial = (done: Trial) => {
    report.trials.push(done);
    report.asWanted &&= isAsWanted(done);
    console.log([trialLine(done), ...done.details.map((line) => `    ${line}`)].join("\n"));
  };
  if (only.includes("floods")) await floodTrials({ photos, seed }, onTrial);
  if (only.includes("kills")) {
    for (const processes of [false, true]) {
      const name = processes ? "kills, a process each" : "kills, one process";
      const attack = kills({ jobs, everyMs: KILL_EVERY_MS, atMost: KILLS_MAX, random: seededRandom(seed) });
      onTrial(await trial({ ...usual, name, processes, mayEnd: true }, attack));
    }
  }
  if (only.includes("broker")) {
    for (const absence of ["stopped", "dead"] as const) {
      for (const awayMs of [10_000, 60_000]) {
        const name = `broker ${absence} for ${awayMs / 1_000} s`;
        onTrial(await trial({ ...usual, name }, brokerAway({ absence, awayMs })));
      }
    }
  }
  if (only.includes("rude")) {
    const photo = photos[0]!.bytes;
    const attack = rude({ clients, jobs: Math.ceil(jobs / 2), photo, random: seededRandom(seed) });
    onTrial(await trial({ ...usual, name: `${clients} rude clients` }, attack));
  }
  if (only.includes("disk")) {
    const disk = smallDisk(DISK_MIB);
    if (disk) {
      try {
        const name = `disk full for ${DISK_FULL_MS / 1_000} s`;
        const full = { ...usual, name, dataDir: disk.folder, mayFail: true };
        onTrial(await trial(full, diskFull(disk, DISK_FULL_MS)));
      } finally {
        disk.remove();
      }
    } else {
      report.notRun.push("disk full: mounting a small file system is not allowed here (root on Linux)");
    }
  }
  for (const line of report.notRun) console.log(`not run: ${line}`);
  console.log(report.asWanted ? "as wanted" : "NOT as wanted");
  return report;
}
