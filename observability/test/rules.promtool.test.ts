import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { QUERIES } from "./dashboards.js";
import { TOOLS } from "./prometheusTools.js";
import { ALERTS, PROMETHEUS_FOLDER, RULES } from "./rules.js";

const folder = mkdtempSync(join(tmpdir(), "similarfaces-rules-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!TOOLS)("rules and queries (promtool, from Debian's prometheus)", () => {
  it("is a configuration that Prometheus loads", () => {
    expect(promtool("check", "config", "prometheus.yml")).toContain("SUCCESS");
  });

  it("has rules that pass the linter", () => {
    const said = promtool("check", "rules", "--lint-fatal", "recording.rules.yml", "alerts.rules.yml");
    expect(said).toContain(`${ALERTS.length} rules found`);
    expect(said).toContain(`${RULES.length - ALERTS.length} rules found`);
  });

  it("raises each alert when it should and not otherwise", () => {
    expect(promtool("test", "rules", "rules.test.yml")).toContain("SUCCESS");
  });

  it("asks only what Prometheus can parse", () => {
    const file = join(folder, "queries.yml");
    const rules = QUERIES.map(({ expr }, i) => ({ record: `panel:query:${i}`, expr }));
    writeFileSync(file, stringify({ groups: [{ name: "panels", rules }] }));
    expect(promtool("check", "rules", file)).toContain(`${QUERIES.length} rules found`);
  });

  it("tests every alert, firing and silent", () => {
    const { tests } = parse(readFileSync(join(PROMETHEUS_FOLDER, "rules.test.yml"), "utf8")) as {
      tests: { alert_rule_test?: { alertname: string; exp_alerts: unknown[] }[] }[];
    };
    const cases = tests.flatMap(({ alert_rule_test = [] }) => alert_rule_test);
    const named = (fires: boolean) =>
      new Set(cases.filter((one) => one.exp_alerts.length > 0 === fires).map(({ alertname }) => alertname));
    const alerts = new Set(ALERTS.map(({ alert }) => alert));
    expect(named(true)).toEqual(alerts);
    expect(named(false)).toEqual(alerts);
  });

  it("says in each alert what is wrong and where to look first", () => {
    for (const { alert, labels, annotations } of ALERTS) {
      expect(labels?.["severity"], alert).toMatch(/^(warning|critical)$/);
      expect(annotations?.["summary"], alert).toContain("{{");
      expect(annotations?.["runbook"], alert).toMatch(/^.{20,}\.$/);
    }
  });
});

function promtool(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(TOOLS!.promtool, args, {
    cwd: PROMETHEUS_FOLDER,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`promtool ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}
