import { newJobId } from "@similarfaces/contracts";
import { expect, it } from "vitest";
import { accessibilityFaults, screenshot, visit } from "../browser";
import { answersOf, extractOf } from "../playedStages";
import { send, untilField, type PlayedMesh } from "./playedMesh";

/** What is left to see of a job that has expired, never was, or was deleted. */
export function testJobsThatAreGone(on: PlayedMesh): void {
  it("says when and why a job is gone, and what an address is that never was", async () => {
    const { page } = await visit(on.browser, `${on.mesh.url}/jobs/${newJobId(Date.now() - 3_600_000)}`);
    await page.getByText(/This job expired and was deleted at \d/).waitFor();
    await page.getByText("are kept for 10 min and then deleted", { exact: false }).waitFor();
    await screenshot(page, "expired");
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.goto(`${on.mesh.url}/jobs/nonsense`);
    await page.getByText("There is no such job.").waitFor();
    await page.goto(`${on.mesh.url}/jobs/${newJobId(Date.now())}`);
    await page.getByText("There is no such job.").waitFor();
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
    await page.getByRole("button", { name: "Delete this now" }).click();
    await page.getByRole("heading", { name: "Deleted" }).waitFor();
    const rows = await page.locator(".receipt-stores tbody tr").allInnerTexts();
    // accepted, extract and six answers
    expect(rows.find((row) => row.startsWith("Answers"))).toMatch(/\t8\t/);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Deleted");
    expect(await page.locator(".film-frame").count()).toBe(0);
    await screenshot(page, "receipt");
    await other.page.goto(page.url());
    await other.page.getByText("This job was deleted on request.").waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
    await other.page.context().close();
  });
}
