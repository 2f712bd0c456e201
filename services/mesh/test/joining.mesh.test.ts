import { spawn, type ChildProcess } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Gateway } from "@similarfaces/client";
import { LEASE_MS, STREAM_NAMES } from "@similarfaces/contracts";
import { type Broker, connectBroker, consumersOf } from "@similarfaces/runtime";
import { CHROMIUM, give, openBrowser, photo, visit } from "../../../ui/test/browser.js";
import { allAnswers, analyse, answered, sample } from "./client.js";
import { command } from "./command.js";
import { startTestMesh, type TestMesh } from "./mesh.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const ANALYZE = fileURLToPath(new URL("../../analyze/dist/main.js", import.meta.url));
const EMOTION = fileURLToPath(new URL("../../../models/compact/emotion", import.meta.url));
/** What the dead are asked for expires, and the test waits for it. */
const DEADLINE_MS = 5_000;

/** Folders that somebody has brought along: copies of one of ours under other names. */
let packs: string;
beforeAll(async () => {
  packs = await mkdtemp(join(tmpdir(), "similarfaces-packs-"));
  for (const folder of ["alone/late-comer", "joined/guest"])
    await cp(EMOTION, join(packs, folder), { recursive: true });
});
afterAll(() => rm(packs, { recursive: true, force: true }));

const answersWith = (...own: string[]) => [...allAnswers(1), ...own.map((name) => `${name}.0`)].sort();

describe("an analyzer that comes while the mesh runs", { timeout: 150_000 }, () => {
  let mesh: TestMesh;
  let broker: Broker;
  let browser: Browser | undefined;
  let page: Page | undefined;
  let problems: string[];
  let alone: ChildProcess | undefined;
  beforeAll(async () => {
    mesh = await startTestMesh({ env: { JOB_DEADLINE_MS: String(DEADLINE_MS) } });
    const { natsUrl, natsUser, natsPassword } = mesh.state();
    broker = await connectBroker({ url: natsUrl, name: "test", user: natsUser, password: natsPassword });
    browser = CHROMIUM ? await openBrowser() : undefined;
  });
  afterAll(async () => {
    alone?.kill("SIGKILL");
    await browser?.close();
    await broker?.close();
    await mesh?.stop();
  });

  const announced = async () => (await new Gateway({ url: mesh.url }).analyzers()).map(({ name }) => name);
  const consumers = async () => (await consumersOf(broker, STREAM_NAMES.faces)).map(({ name }) => name);
  const chipsWaiting = async () => (await broker.jsm.streams.info(STREAM_NAMES.faces)).state.messages;

  it("by its program alone, is asked by jobs accepted from then on", async () => {
    if (browser) {
      ({ page, problems } = await visit(browser, mesh.url));
      await page.locator('.welcome-stages [data-stage="emotion"]').waitFor();
      expect(await page.locator('.welcome-stages [data-stage="late-comer"]').count()).toBe(0);
    }
    const { natsUrl, natsUser, natsPassword } = mesh.state();
    alone = spawn(process.execPath, [ANALYZE], {
      env: {
        ...process.env,
        ANALYZER: "late-comer",
        ANALYZER_PACKS: join(packs, "alone"),
        NATS_URL: natsUrl,
        NATS_USER: natsUser,
        NATS_PASSWORD: natsPassword,
        HEALTH_PORT: "0",
        INFERENCE_WORKERS: "1",
        LOG_LEVEL: "error",
      },
      stdio: ["ignore", "inherit", "inherit"],
    });
    await expect.poll(announced, { timeout: 60_000 }).toContain("late-comer");
    expect(answered(await analyse(mesh.url, await sample("portrait-1")))).toEqual(answersWith("late-comer"));
  });

  it.skipIf(!CHROMIUM)(
    "shows on a page that was open before, without a reload (needs Chromium)",
    async () => {
      await page!.locator('.welcome-stages [data-stage="late-comer"]').waitFor();
      await give(page!, photo("portrait-1"));
      await page!.locator('.field[data-stage="late-comer"][data-state="done"]').waitFor();
      expect(await page!.locator('.fall-row[data-stage="late-comer"][data-state="done"]').count()).toBe(1);
      await page!.goBack();
      await page!.locator('.welcome-stages [data-stage="late-comer"]').waitFor();
    },
  );

  it("is asked in vain once it is killed, until its lease lapses: the rest of the job is answered", async () => {
    const exited = new Promise((resolve) => alone!.once("exit", resolve));
    alone!.kill("SIGKILL");
    await exited;
    const seen = await analyse(mesh.url, await sample("portrait-1"));
    expect(answered(seen)).toEqual(answersWith());
    expect(seen.completion).toMatchObject({ expired: [{ stage: "late-comer", face: 0 }] });
    await expect.poll(chipsWaiting, { timeout: 10_000 }).toBe(1);
  });

  it("by npm start -- --join, is served until that is ended", async () => {
    const joined = spawn(process.execPath, [MAIN, "start", "--join", join(packs, "joined")], {
      env: { ...process.env, DATA_DIR: mesh.dataDir },
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void joined.kill("SIGKILL"));
    const exited = new Promise((resolve) => joined.once("exit", resolve));
    let printed = "";
    joined.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
    await expect.poll(() => printed, { timeout: 60_000 }).toContain(`guest is served at ${mesh.url}`);
    await expect.poll(announced, { timeout: 10_000 }).toContain("guest");
    expect(answered(await analyse(mesh.url, await sample("portrait-1")))).toContain("guest.0");
    joined.kill("SIGTERM");
    expect(await exited).toBe(0);
  });

  it("is forgotten when its lease lapses, by pages too, and leaves no chip behind", async () => {
    const poll = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 1.5 * LEASE_MS, interval: 250 });
    await poll(announced).not.toContain("late-comer");
    await poll(consumers).not.toContain("late-comer");
    await poll(chipsWaiting).toBe(0);
    if (page) {
      await page
        .locator('.welcome-stages [data-stage="late-comer"]')
        .waitFor({ state: "detached", timeout: LEASE_MS });
      expect(await page.locator('.welcome-stages [data-stage="emotion"]').count()).toBe(1);
      expect(problems).toEqual([]);
    }
    expect(answered(await analyse(mesh.url, await sample("portrait-1")))).not.toContain("late-comer.0");
  });
});

it("a mesh that does not run cannot be joined, and says what to do instead", async () => {
  const { code, stderr } = await command(join(packs, "data"), ["start", "--join", join(packs, "joined")]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^No mesh runs on .*: ANALYZER_PACKS=.*joined npm start\n$/);
});
