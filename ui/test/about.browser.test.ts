import { readFile } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestMesh, type TestMesh } from "../../services/mesh/test/mesh.js";
import { CHROMIUM, PHONE, accessibilityFaults, openBrowser, photo, screenshot, visit } from "./browser";

/** Of a poll; Vitest takes one second if not told. */
const PATIENCE = { timeout: 20_000 } as const;

/** The About pages on a whole mesh in which race, quality and the gallery are switched off. */
describe.skipIf(!CHROMIUM)("the About pages (needs Chromium: CHROMIUM)", () => {
  let mesh: TestMesh;
  let browser: Browser;
  beforeAll(async () => {
    mesh = await startTestMesh({
      env: { STAGES: "extract,embed,age,gender,emotion", JOB_TTL_MS: "120000" },
    });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await mesh?.stop();
  });

  /** Until it is complete. */
  const analyse = async (name: string) => {
    const reply = await fetch(`${mesh.url}/v1/jobs`, {
      method: "POST",
      headers: { prefer: "wait=30" },
      body: await readFile(photo(name)),
    });
    expect(reply.status).toBe(200);
  };

  it("shows what each stage does at the moment, and that one is switched off", async () => {
    const { page, problems } = await visit(browser, `${mesh.url}/about/engineers`);
    const age = page.getByRole("group", { name: /^age: in years/ });
    await age.waitFor();
    expect(await age.getAttribute("aria-label")).toContain("no answers in the last minute");
    await analyse("group-4");
    await expect.poll(() => age.getAttribute("aria-label"), PATIENCE).toMatch(/waited \d.* worked \d/);
    expect(await age.innerHTML()).toMatch(/work [\d.]+ m?s/);
    const match = page.getByRole("group", { name: "match: switched off" });
    expect(await match.innerHTML()).toContain("switched off");
    // Who has not announced itself has no box.
    expect(await page.getByRole("group", { name: /^race/ }).count()).toBe(0);
    // Which models are in use is known from their answers, and which variant from their announcements.
    await page.getByText("compact-age@2.0.0, answering").waitFor();
    await page
      .locator("#model-compact-age")
      .getByText(/^(float32|int8), runs$/)
      .waitFor();
    await screenshot(page, "about", { fullPage: true });
    expect(problems).toEqual([]);
  });

  it("says so when the figures stand still, and goes on by itself", async () => {
    const { page } = await visit(browser, `${mesh.url}/about/engineers`);
    await page.getByRole("group", { name: /^age/ }).waitFor();
    await page.context().setOffline(true);
    await page.getByText("These figures aren't live right now.").waitFor();
    await page.context().setOffline(false);
    await page.getByText("These figures aren't live right now.").waitFor({ state: "detached" });
  });

  it("shows the models with their limits and their figures per group", async () => {
    const { page } = await visit(browser, `${mesh.url}/about/engineers`);
    const gender = page.locator("#model-compact-gender");
    await gender.waitFor();
    expect(await gender.innerText()).toContain("Right for 92 of 100 faces.");
    const byRace = gender.getByRole("list", { name: "Right, by race label" });
    expect(await byRace.getByRole("listitem").count()).toBe(7);
    expect(await gender.innerText()).toContain("worst for Black (88%)");
    await page.getByText(/^Other models that this server can use/).click();
    const race = page.locator("#model-compact-race");
    expect(await race.locator(".confusion").first().innerText()).toContain("Latino or Hispanic");
  });

  it("says to everybody what is kept for how long, by the settings, and to engineers where", async () => {
    const { page, problems } = await visit(browser, `${mesh.url}/about`);
    await page.getByText("Then everything is deleted, 2 minutes after you sent it.").waitFor();
    const answers = page.getByRole("row", { name: /^The answers/ });
    expect(await answers.innerText()).toContain("2 minutes");
    expect(await page.locator("#main").innerText()).not.toMatch(/stream|blob|broker|\.proto|@\d/i);
    await screenshot(page, "about-short", { fullPage: true });
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole("link", { name: "How it works, for engineers" }).click();
    await page.getByRole("heading", { name: "The messages" }).waitFor();
    expect(await answers.innerText()).toContain("result stream of the broker");
    expect(await page.getByRole("link", { name: "About" }).getAttribute("aria-current")).toBe("page");
    expect(problems).toEqual([]);
  });

  it("shows the messages, one file at a time, by keyboard too", async () => {
    const { page } = await visit(browser, `${mesh.url}/about/engineers`);
    const tabs = page.getByRole("tab");
    await tabs.first().focus();
    await page.keyboard.press("End");
    expect(await tabs.last().getAttribute("aria-selected")).toBe("true");
    const shown = await page.getByRole("tabpanel").innerText();
    expect(shown).toContain("message FaceWork");
    const { contracts } = (await (await fetch(`${mesh.url}/v1/about`)).json()) as {
      contracts: { file: string; text: string }[];
    };
    expect(shown.trim()).toBe(contracts.at(-1)!.text.trim());
  });

  it.each(["light", "dark"] as const)("has no fault that axe finds, in %s", async (colorScheme) => {
    const { page } = await visit(browser, `${mesh.url}/about/engineers`, { colorScheme });
    await page.locator(".contracts").waitFor();
    await screenshot(page, `about-${colorScheme}`);
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  it("fits a phone, the diagram upright", async () => {
    const { page } = await visit(browser, `${mesh.url}/about/engineers`, PHONE);
    await page.locator('.diagram[data-layout="tall"]').waitFor();
    await page.locator(".contracts").waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    await screenshot(page, "about-phone", { fullPage: true });
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  it("sends an example through, and deletes what this visit sent", async () => {
    const { page, problems } = await visit(browser, `${mesh.url}/about/engineers`);
    await page.getByRole("button", { name: "Send an example through" }).click();
    await page.locator(".diagram-flow[data-busy]").first().waitFor({ state: "attached" });
    await page.getByRole("link", { name: "See the answers" }).click();
    await page.getByRole("heading", { name: "18 faces" }).waitFor();

    await page.goto(mesh.url);
    for (const name of ["portrait-1", "portrait-2"]) {
      await page.setInputFiles("input[type=file]", photo(name));
      await page.waitForURL(/\/jobs\//);
    }
    await page.getByRole("link", { name: "About" }).click();
    await page.getByRole("button", { name: /^Delete all 2 photos from this visit$/ }).click();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole("button", { name: "Delete all now" }).click();
    await page
      .locator("#main")
      .getByText(/^2 photos have been deleted, with \d+ answers? and \d+ pictures?\.$/)
      .waitFor();
    expect(await page.getByRole("button", { name: /from this visit/ }).count()).toBe(0);
    expect(problems).toEqual([]);
  });

  it("fits a phone in its short form too", async () => {
    const { page } = await visit(browser, `${mesh.url}/about`, PHONE);
    await page.getByRole("row", { name: /^The answers/ }).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    await screenshot(page, "about-short-phone", { fullPage: true });
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  it("says at the gallery's address that there is none", async () => {
    const { page, problems } = await visit(browser, `${mesh.url}/gallery`);
    await page.getByText("There's no gallery on this server.").waitFor();
    expect(await page.getByRole("button", { name: "Export" }).count()).toBe(0);
    await page.goto(`${mesh.url}/gallery/add`);
    await page.getByText("Nobody can be added on this server.").waitFor();
    expect(problems).toEqual([]);
  });

  it("stands still for who wants no motion", async () => {
    const { page } = await visit(browser, `${mesh.url}/about/engineers`, { reducedMotion: "reduce" });
    await page.getByRole("group", { name: /^age/ }).waitFor();
    const moving = page.waitForFunction(() => {
      if (!document.querySelector(".diagram-flow[data-busy]")) return false;
      return {
        animations: document.getAnimations().filter(({ playState }) => playState === "running").length,
      };
    });
    await analyse("group-4");
    expect(await (await moving).jsonValue()).toEqual({ animations: 0 });
  });
});
