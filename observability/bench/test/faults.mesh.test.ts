import { fileURLToPath } from "node:url";
import { seededRandom, type MixPhoto } from "@similarfaces/load";
import { beforeAll, describe, expect, it } from "vitest";
import { natsServerPath } from "../../../services/runtime/test/natsServer.js";
import { brokerAway } from "../src/faults/brokerAway.js";
import { kills } from "../src/faults/kills.js";
import { rude } from "../src/faults/rude.js";
import { trial, type Attack, type Trial } from "../src/faults/trial.js";
import { readMix } from "../src/pipeline.js";

/** `npm run bench -- faults` in short: no speeds, and kills wait for work, so that a busy machine is slow and not wrong. */
const SEED = 16;
const JOBS = 30;
const KILL_EVERY_MS = 500;
const AWAY_MS = 3_000;
const RUDE_CLIENTS = 50;
/** Nothing may expire here: that is of the long form, where an outage reaches it. */
const DEADLINE_MS = 200_000;
const TEST_TIMEOUT_MS = 240_000;

describe("faults amid jobs", { timeout: TEST_TIMEOUT_MS }, () => {
  let photos: MixPhoto[];
  beforeAll(async () => {
    process.env["NATS_SERVER"] ??= natsServerPath();
    const modelsDir = fileURLToPath(new URL("../../../models", import.meta.url));
    photos = await readMix({ modelsDir, mix: "portrait-1:4,portrait-2:4,group-4:2" });
  });

  const usual = () => ({ photos, deadlineMs: DEADLINE_MS });

  function expectWhole(outcome: Trial): void {
    const { accepted, lost, doubled, differing, expired } = outcome;
    expect(accepted).toBeGreaterThan(0);
    const counts = { lost, doubled, differing, expired };
    expect(counts, outcome.details.join("\n")).toEqual({ lost: 0, doubled: 0, differing: 0, expired: 0 });
  }

  it.each([
    // What was on its way in a killed process comes again after 10 s: in the one all of it.
    { name: "one process", processes: false, atMost: 3 },
    { name: "a process each", processes: true, atMost: 4 },
  ])("kill -9 of random processes, $name: nothing is lost or doubled", async ({ atMost, ...layout }) => {
    const random = seededRandom(SEED);
    const attack = kills({ everyMs: KILL_EVERY_MS, random, atMost, awaitsWork: true });
    const outcome = await trial({ ...usual(), ...layout }, attack);
    expectWhole(outcome);
    expect(outcome.faults).toBe(atMost);
    expect(outcome.completed).toBe(outcome.accepted);
  });

  it("a broker that says nothing for seconds, and one that is dead: nothing is lost or doubled", async () => {
    const inTurn: Attack = {
      async run(target) {
        const stopped = await brokerAway({ absence: "stopped", awayMs: AWAY_MS }).run(target);
        const dead = await brokerAway({ absence: "dead", awayMs: AWAY_MS }).run(target);
        return { faultsAtMs: [...stopped.faultsAtMs!, ...dead.faultsAtMs!] };
      },
    };
    const outcome = await trial({ ...usual(), name: "broker" }, inTurn);
    expectWhole(outcome);
    expect(outcome.faults).toBe(2);
    expect(outcome.completed).toBe(outcome.accepted);
  });

  it("rude clients of every kind: honest ones are answered, and no process ends", async () => {
    const attack = rude({
      clients: RUDE_CLIENTS,
      jobs: JOBS,
      photo: photos[0]!.bytes,
      random: seededRandom(SEED),
    });
    const outcome = await trial({ ...usual(), name: "rude" }, attack);
    expectWhole(outcome);
    expect(outcome.completed).toBe(JOBS);
    expect(outcome.details).toEqual([]);
    expect(outcome.ended).toBe(0);
  });
});
