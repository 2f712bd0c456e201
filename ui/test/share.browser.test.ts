import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestMesh, type TestMesh } from "../../services/mesh/test/mesh.js";
import { CHROMIUM, accessibilityFaults, give, openBrowser, photo, visit, type Visit } from "./browser.js";

const KEY = "correct horse battery";
const OWNER = {
  httpCredentials: { username: "any", password: KEY },
  permissions: ["clipboard-read", "clipboard-write"],
};

describe.skipIf(!CHROMIUM)("a share link, where everything takes the key (needs Chromium)", () => {
  let mesh: TestMesh;
  let browser: Browser;
  beforeAll(async () => {
    mesh = await startTestMesh({ env: { API_KEY: KEY, API_KEY_FOR: "everything" } });
    browser = await openBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await mesh?.stop();
  });

  /** The owner's page with a job that is complete, and its link. */
  async function shared(): Promise<{ owner: Visit; link: string }> {
    const owner = await visit(browser, mesh.url, OWNER);
    await give(owner.page, photo("portrait-1"));
    await owner.page.getByRole("heading", { name: "1 face" }).waitFor();
    await owner.page.getByText("Looks").first().waitFor();
    await owner.page.getByRole("button", { name: "Share" }).click();
    await owner.page.getByText("Link copied").waitFor();
    return { owner, link: await owner.page.evaluate(() => navigator.clipboard.readText()) };
  }

  it("shows photo and answers to whoever has it, asks for no key, and changes nothing", async () => {
    const { owner, link } = await shared();
    expect(link).toMatch(/\/jobs\/[0-9a-z]{36}\?share=[\w-]{22}$/);
    const guest = await visit(browser, link);
    const refused: string[] = [];
    guest.page.on("response", (response) => {
      if (response.status() >= 400) refused.push(`${response.status()} ${response.url()}`);
    });
    await guest.page.reload();
    await guest.page.getByRole("heading", { name: "1 face" }).waitFor();
    const picture = guest.page.getByRole("img", { name: "The photo" });
    await expect.poll(() => picture.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(496);
    await guest.page.getByText("Looks").first().waitFor();
    expect(await guest.page.getByRole("button", { name: "Delete" }).count()).toBe(0);
    expect(await guest.page.getByRole("button", { name: "Share" }).count()).toBe(0);
    expect(await accessibilityFaults(guest.page)).toEqual([]);
    expect(refused).toEqual([]);
    const jobId = new URL(link).pathname.split("/")[2]!;
    const statusOf = async (method: string, query: string) =>
      (await fetch(`${mesh.url}/v1/jobs/${jobId}${query}`, { method })).status;
    expect(await statusOf("GET", new URL(link).search)).toBe(200);
    expect(await statusOf("DELETE", new URL(link).search)).toBe(401);
    expect(await statusOf("GET", "")).toBe(401);
    expect([owner.problems, guest.problems]).toEqual([[], []]);
    await guest.page.context().close();
    // What is deleted is gone for its guests.
    await owner.page.getByRole("button", { name: "Delete" }).click();
    await owner.page.getByRole("button", { name: "Delete now" }).click();
    await owner.page.getByText("Deleted").first().waitFor();
    const late = await visit(browser, link);
    await late.page.getByText("This photo has been deleted.").first().waitFor();
  }, 60_000);

  it("that somebody has altered opens nothing", async () => {
    const { link } = await shared();
    const response = await fetch(`${link.slice(0, -1)}${link.endsWith("A") ? "E" : "A"}`);
    expect(response.status).toBe(401);
    expect(await response.text()).not.toContain("<html");
  }, 60_000);
});
