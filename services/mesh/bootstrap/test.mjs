import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { chromium } from "./browser.mjs";
import { ROOT } from "./paths.mjs";

/**
 * Checks the sources (types of the tests too, lint, format), then runs every test; arguments choose test files.
 * The last line is `N passed, N failed, N skipped`. @returns the exit code; where everything is required
 * (SIMILARFACES_REQUIRE_ALL, as in CI), a skipped test counts as a failure
 */
export async function test(args, natsServerPath) {
  const browser = chromium();
  const env = {
    ...process.env,
    NATS_SERVER: natsServerPath,
    ...(browser ? { CHROMIUM: browser } : {}),
    // Tests start meshes of their own and must not find the keys of one that runs here.
    NO_COLOR: process.stdout.isTTY ? (process.env.NO_COLOR ?? "") : "1",
  };
  const counts = { passed: 0, failed: 0, skipped: 0 };
  if (args.length === 0) {
    for (const [name, tool, toolArgs] of CHECKS) {
      const code = await run(`${ROOT}/node_modules/.bin/${tool}`, toolArgs, env);
      counts[code === 0 ? "passed" : "failed"]++;
      console.log(`${code === 0 ? "ok" : "FAILED"}: ${name}`);
    }
  }
  const dir = mkdtempSync(`${tmpdir()}/similarfaces-test-`);
  const report = `${dir}/report.json`;
  const vitest = ["run", "--config", ".ci/vitest.config.ts", "--reporter=default", "--reporter=json"];
  const code = await run(
    `${ROOT}/node_modules/.bin/vitest`,
    [...vitest, `--outputFile.json=${report}`, ...args],
    env,
  );
  try {
    const results = JSON.parse(readFileSync(report, "utf8"));
    counts.passed += results.numPassedTests;
    counts.failed += results.numFailedTests;
    counts.skipped += results.numPendingTests + results.numTodoTests;
    // A file that fails to load has no tests to count.
    const broken = results.testResults.filter(
      ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
    );
    counts.failed += broken.length;
    nameSkipped(results);
  } catch {
    counts.failed++;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  const incomplete = Boolean(process.env.SIMILARFACES_REQUIRE_ALL) && counts.skipped > 0;
  return counts.failed > 0 || incomplete ? 1 : 0;
}

const CHECKS = [
  ["types of the tests", "tsc", ["-p", ".ci/tsconfig.json"]],
  ["lint", "oxlint", ["--deny-warnings", "--quiet"]],
  ["format", "prettier", ["--check", "--log-level", "warn", "."]],
];

function nameSkipped({ testResults }) {
  for (const { assertionResults } of testResults) {
    for (const { status, fullName } of assertionResults) {
      if (status === "pending" || status === "skipped" || status === "todo")
        console.log(`skipped: ${fullName}`);
    }
  }
}

function run(command, args, env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env,
      stdio: "inherit",
      shell: process.platform === "win32",
    });
    const forward = (signal) => child.kill(signal);
    process.on("SIGINT", forward).on("SIGTERM", forward);
    child.once("error", () => resolve(1));
    child.once("exit", (code) => {
      process.off("SIGINT", forward).off("SIGTERM", forward);
      resolve(code ?? 1);
    });
  });
}
