import { newJobId } from "@similarfaces/contracts";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { accessibilityFaults, screenshot, visit } from "../browser";
import { answersOf, extractOf } from "../playedStages";
import { poll, send, untilField, type PlayedMesh } from "./playedMesh";

/** The page's socket, which can be cut: what the page says on the next one is not heard before it is mended. */
async function cuttableSocket(page: Page) {
  let close = () => {};
  let mend = () => {};
  let mended = Promise.resolve();
  await page.routeWebSocket(/\/v1\/live/, (socket) => {
    const server = socket.connectToServer();
    const heard = mended;
    socket.onMessage((message) => void heard.then(() => server.send(message)));
    close = () => void socket.close();
  });
  return {
    cut() {
      mended = new Promise((resolve) => (mend = resolve));
      close();
    },
    mend: () => mend(),
  };
}

/** What is left to see of a job that has expired, never was, or was deleted. */
export function testJobsThatAreGone(on: PlayedMesh): void {
  it("says when and why a job is gone, and what an address is that never was", async () => {
    const { page } = await visit(on.browser, `${on.mesh.url}/jobs/${newJobId(Date.now() - 3_600_000)}`);
    await page.getByText(/This photo's time was up: it was deleted at \d/).waitFor();
    await page.getByText("are only kept for 10 minutes", { exact: false }).waitFor();
    await screenshot(page, "expired");
    expect(await accessibilityFaults(page)).toEqual([]);
    // What can't be a job is asked of nobody, and nothing pretends to look for its faces.
    await page.goto(`${on.mesh.url}/jobs/nonsense`);
    expect(await page.locator("h1").first().innerText()).toBe("This photo isn't here");
    await page.getByText("There's no photo at this link.").waitFor();
    await page.goto(`${on.mesh.url}/jobs/${newJobId(Date.now())}`);
    await page.getByText("There's no photo at this link.").waitFor();
    await page.context().close();
  });

  it("shows the receipt of a deletion, and tells who else is watching", async () => {
    const { page, problems } = await visit(on.browser, on.mesh.url);
    const jobId = await send(page, "portrait-1");
    await on.publish(extractOf(jobId, 1), ...Object.values(answersOf(jobId, 0)));
    await untilField(page, 0, "match", "done");
    const other = await visit(on.browser, page.url());
    await untilField(other.page, 0, "match", "done");

    await page.keyboard.press("Delete");
    await page.getByRole("dialog").waitFor();
    await screenshot(page, "delete");
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole("button", { name: "Delete now" }).click();
    await page.getByRole("heading", { name: "Deleted" }).waitFor();
    const rows = await page.locator(".receipt-stores tbody tr").allInnerTexts();
    // accepted, extract and six answers
    expect(rows.find((row) => row.startsWith("Answers"))).toMatch(/\t8\t/);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Deleted");
    expect(await page.locator(".film-frame").count()).toBe(0);
    await screenshot(page, "receipt");
    // Without being asked, and with nothing left of it.
    await other.page.getByRole("heading", { name: "Deleted" }).waitFor();
    expect(await other.page.locator(".photo, .box, .face-card, .receipt-stores").count()).toBe(0);
    expect(await other.page.locator("body").innerText()).not.toContain("Looks 31");
    await other.page.goto(page.url());
    await other.page.getByText("This photo has been deleted.").waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
    await other.page.context().close();
  });

  it("takes what was deleted elsewhere, meanwhile or while it was away, out of the photos of the visit", async () => {
    const { page } = await visit(on.browser, on.mesh.url);
    const line = await cuttableSocket(page);
    await page.reload();
    const jobs: string[] = [];
    for (const name of ["portrait-1", "portrait-2", "closeup"]) {
      const jobId = await send(page, name);
      await on.publish(extractOf(jobId, 1), ...Object.values(answersOf(jobId, 0)));
      await untilField(page, 0, "match", "done");
      jobs.push(jobId);
    }
    const frames = page.locator(".film-frame img");
    const sources = await frames.evaluateAll((all) => all.map((frame) => (frame as HTMLImageElement).src));
    const isThere = (source: string) =>
      page.evaluate(
        (src) =>
          new Promise<boolean>((resolve) => {
            const picture = new Image();
            picture.addEventListener("load", () => resolve(true));
            picture.addEventListener("error", () => resolve(false));
            picture.src = src;
          }),
        source,
      );
    const remove = (jobId: string) => fetch(`${on.mesh.url}/v1/jobs/${jobId}`, { method: "DELETE" });
    expect(await isThere(sources[0]!)).toBe(true);
    await remove(jobs[0]!);
    await poll(() => frames.count()).toBe(2);
    expect(await isThere(sources[0]!)).toBe(false);
    line.cut();
    await remove(jobs[1]!);
    expect(await frames.count()).toBe(2);
    line.mend();
    await poll(() => frames.count()).toBe(1);
    expect(await isThere(sources[1]!)).toBe(false);
    // What is shown is another's.
    expect(await isThere(sources[2]!)).toBe(true);
    await untilField(page, 0, "match", "done");
    await page.context().close();
  });

  it("shows nothing of a job any more once its time is over", async () => {
    const gateway = await on.mesh.another({ JOB_TTL_MS: "20000" });
    const { page } = await visit(on.browser, gateway.url);
    const jobId = await send(page, "portrait-1");
    await on.publish(extractOf(jobId, 1), ...Object.values(answersOf(jobId, 0)));
    await untilField(page, 0, "match", "done");
    await page.getByText(/This photo's time was up: it was deleted at \d/).waitFor({ timeout: 40_000 });
    expect(await page.locator(".film-frame, .photo, .box, .face-card").count()).toBe(0);
    await page.context().close();
  });
}
