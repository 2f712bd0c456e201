import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Autoscaler, type Observation } from "../simulation/autoscaler.js";
import { simulate } from "../simulation/fleet.js";
import { plot } from "../simulation/plot.js";
import { LOAD, figures, run, scenarios } from "../simulation/scenarios.js";
import { chartSettings, type ScalingSettings } from "../simulation/settings.js";
import { table } from "../simulation/table.js";

const settings: ScalingSettings = {
  minReplicas: 1,
  maxReplicas: 100,
  lagPerReplica: 10,
  cpuPercent: 70,
  scaleUp: { stabilizationSeconds: 0, percent: 100, pods: 4, periodSeconds: 15 },
  scaleDown: { stabilizationSeconds: 120, percent: 25, periodSeconds: 60 },
};
const quiet: Observation = { atMs: 0, replicas: 10, readyReplicas: 10, lag: 0, utilization: 0.7 };

describe("the autoscaler's rule", () => {
  it("wants as many replicas as the lag is worth, within what the policy lets it add", () => {
    expect(new Autoscaler(settings).decide({ ...quiet, lag: 130 })).toBe(13);
    expect(new Autoscaler(settings).decide({ ...quiet, lag: 1_000 })).toBe(20);
    expect(new Autoscaler(settings).decide({ ...quiet, replicas: 2, readyReplicas: 2, lag: 1_000 })).toBe(6);
  });

  it("leaves small deviations alone", () => {
    expect(new Autoscaler(settings).decide({ ...quiet, lag: 108 })).toBe(10);
    expect(new Autoscaler(settings).decide({ ...quiet, utilization: 0.76 })).toBe(10);
  });

  it("keeps busy replicas that have no queue", () => {
    const autoscaler = new Autoscaler(settings);
    for (let i = 0; i < 40; i++) expect(autoscaler.decide({ ...quiet, atMs: i * 15_000, lag: 14 })).toBe(10);
  });

  it("lets go a quarter a minute, and only after two minutes without a larger wish", () => {
    const autoscaler = new Autoscaler(settings);
    let replicas = 10;
    const path: number[] = [];
    for (let i = 0; i <= 20; i++) {
      const lag = i === 0 ? 100 : 0;
      replicas = autoscaler.decide({
        atMs: i * 15_000,
        replicas,
        readyReplicas: replicas,
        lag,
        utilization: 0,
      });
      path.push(replicas);
    }
    expect(path.slice(0, 9)).toEqual(Array.from({ length: 9 }, () => 10));
    expect(path[9]).toBe(7);
    expect(path.slice(9, 13)).toEqual([7, 7, 7, 7]);
    expect(path[13]).toBe(5);
  });
});

describe("what a stage of faces is scaled by", () => {
  it("is about a third of a second of a replica's work, though a message carries several faces", () => {
    const { lagPerReplica } = chartSettings("embed", "eks-production");
    const [facesPerMessage, msPerFace] = [3, 4];
    const workMs = lagPerReplica * facesPerMessage * msPerFace;
    expect(workMs).toBeGreaterThan(200);
    expect(workMs).toBeLessThan(500);
  });
});

describe("the fleet at the chart's settings", () => {
  const outcomes = scenarios().map((scenario) => ({ name: scenario.name, outcome: run(scenario) }));
  const [chart, newNodes, lagAlone] = outcomes.map(({ name, outcome }) => figures(name, outcome));

  it("loses nothing and answers nothing twice, while replicas come and go", () => {
    for (const { name, outcome } of outcomes) {
      expect(outcome.answered + outcome.expired, name).toBe(outcome.arrived);
      expect([outcome.left, outcome.repeated, outcome.handedBack], name).toEqual([0, 0, 0]);
    }
    expect(outcomes[0]!.outcome.decisions.filter(({ from, to }) => to < from).length).toBeGreaterThan(5);
  });

  it("hands back what a short grace does not suffice for, and answers that too", () => {
    const short = { ...chartSettings("extract", "eks-production"), graceMs: 100 };
    const heavy = {
      ...LOAD,
      ratePerSecond: (atMs: number) => LOAD.ratePerSecond(atMs) / 20,
      computeMs: { median: 2_000, spread: 0.3 },
    };
    const outcome = simulate(short, heavy, scenarios()[0]!.cluster);
    expect(outcome.handedBack).toBeGreaterThan(0);
    expect(outcome.answered).toBe(outcome.arrived);
  });

  it("puts new replicas to work at once, however long the queue", () => {
    expect(chart!.readyToWorkMs).toBeLessThan(50);
  });

  it("absorbs a fivefold step inside a job's deadline, even where nodes must be made", () => {
    for (const one of [chart!, newNodes!]) {
      expect(one.expired).toBe(0);
      expect(one.absorbedSeconds).toBeLessThan(180);
    }
  });

  it("is steady at a level load, which lag alone is not", () => {
    expect(chart!.decisionsWhileLevel).toBe(0);
    expect(lagAlone!.decisionsWhileLevel).toBeGreaterThan(0);
  });

  it("is what the README shows", () => {
    const file = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
    const cells = (text: string) => text.replace(/ +/g, " ").replace(/-{3,}/g, "---");
    expect(cells(file("../README.md"))).toContain(
      cells(table(outcomes.map(({ name, outcome }) => figures(name, outcome)))),
    );
    expect(file("../simulation/step.svg")).toBe(plot(outcomes.slice(0, 3)));
  });
});
